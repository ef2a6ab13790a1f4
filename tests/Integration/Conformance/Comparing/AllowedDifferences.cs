using System.Collections.Frozen;

namespace StickySessions.Tests.Integration.Conformance.Comparing;

/// <summary>
/// All that may differ between a forwarded exchange and a direct one; the documentation has the same list. One more entry there
/// has no row here: interim answers 102 and 103, which Kestrel gives an application no means to send.
/// </summary>
internal static class AllowedDifferences
{
    /// <summary>Upgrade is not among them: a 426 must name it.</summary>
    private static readonly FrozenSet<string> HopByHop = FrozenSet.ToFrozenSet(
        ["CONNECTION", "KEEP-ALIVE", "PROXY-CONNECTION", "TE", "TRANSFER-ENCODING"]);

    private static readonly (string Name, Func<Transport, bool> Over, Func<Difference, bool> Covers)[] Table =
    [
        ("header-name case", IsHttp2, difference => difference.Field.Kind == FieldName.Spelling && IsOnlyCase(difference)),
        ("joined repeated request headers", IsHttp2, IsJoined),
        ("hop-by-hop headers", _ => true, IsHopByHop),
        ("reason phrase", IsHttp2, difference => difference.Field.Kind == FieldName.Reason),
    ];

    public static bool Cover(Difference difference, Transport over)
        => Table.Any(allowed => allowed.Over(over) && allowed.Covers(difference));

    private static bool IsHttp2(Transport transport) => transport is Transport.H2c or Transport.Tls;

    private static bool IsOnlyCase(Difference difference)
        => difference is { Direct: [var direct], Forwarded: [var forwarded] }
            && string.Equals(direct, forwarded, StringComparison.OrdinalIgnoreCase);

    private static bool IsJoined(Difference difference)
    {
        var separator = difference.Field.Name == "COOKIE" ? "; " : ", ";
        return difference is { Side: Side.Request, Field.Kind: FieldName.Header, Direct.Length: > 1, Forwarded: [var joined] }
            && string.Equals(string.Join(separator, difference.Direct), joined, StringComparison.Ordinal);
    }

    /// <summary>They say something about one connection only, as do the headers that <c>Connection</c> names (RFC 9110, 7.6.1).</summary>
    private static bool IsHopByHop(Difference difference)
        => difference is { Field.Kind: FieldName.Header or FieldName.Spelling, Forwarded: null }
            && (HopByHop.Contains(difference.Field.Name) || NamedInConnection(difference).Contains(difference.Field.Name));

    private static IEnumerable<string> NamedInConnection(Difference difference)
        => (difference.AllDirect[difference.Field with { Kind = FieldName.Header, Name = "CONNECTION" }] ?? [])
            .SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries))
            .Select(name => name.ToUpperInvariant());
}
