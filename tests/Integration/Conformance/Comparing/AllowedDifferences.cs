using System.Collections.Frozen;

namespace StickySessions.Tests.Integration.Conformance.Comparing;

/// <summary>
/// All that may differ between a forwarded exchange and a direct one; the documentation has the same list. One more entry there
/// has no row here: interim answers 102 and 103, which Kestrel gives an application no means to send.
/// </summary>
internal static class AllowedDifferences
{
    /// <summary>
    /// Upgrade is not among them: a 426 must name it. X-Hop is what the test application names in <c>Connection</c>, a header that
    /// HTTP/2 clients never see.
    /// </summary>
    private static readonly FrozenSet<string> HopByHop = FrozenSet.ToFrozenSet(
        ["CONNECTION", "HTTP2-SETTINGS", "KEEP-ALIVE", "PROXY-CONNECTION", "TE", "TRANSFER-ENCODING", "X-HOP"]);

    private static readonly (string Name, Func<Transport, bool> Over, Func<Difference, bool> Covers)[] Table =
    [
        ("header-name case", IsForwarded, difference => difference.Field.Kind == FieldName.Spelling && IsOnlyCase(difference)),
        ("joined repeated request headers", IsForwarded, IsJoined),
        ("hop-by-hop headers", IsForwarded, IsHopByHop),
        ("offers of other protocols than WebSocket", IsForwarded, IsOfferOfProtocol),
        ("reason phrase", IsHttp2, difference => difference.Field.Kind == FieldName.Reason),
        ("trailers of requests", IsForwarded, difference => difference is { Side: Side.Request, Field.Kind: FieldName.Trailer, Forwarded: null }),
        ("whether a body that was empty could have been one", IsHttp2, IsEmptyBody),
        ("long bodies are asked for", transport => transport is Transport.Http11, IsExpectation),
        ("what HTTP/1.1 does not have", transport => transport is Transport.Http11, IsOnlyInHttp2),
    ];

    public static bool Cover(Difference difference, Transport over)
        => Table.Any(allowed => allowed.Over(over) && allowed.Covers(difference));

    private static bool IsForwarded(Transport transport) => transport is not Transport.Direct;

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

    /// <summary>
    /// They say something about one connection only, as do the headers that <c>Connection</c> names (RFC 9110, 7.6.1). Lost or
    /// different they may be; an answer that gains one would cost the client its connection.
    /// </summary>
    private static bool IsHopByHop(Difference difference)
        => IsHeader(difference)
            && ((HopByHop.Contains(difference.Field.Name) && (difference.Side == Side.Request || difference.Direct is not null))
                || (NamedInConnection(difference).Contains(difference.Field.Name) && difference.Forwarded is null));

    /// <summary>An offer that a server may ignore, and a node that forwards does.</summary>
    private static bool IsOfferOfProtocol(Difference difference)
        => difference is { Side: Side.Request, Field.Kind: FieldName.Upgradable, Direct: ["True"], Forwarded: ["False"] }
            && difference.AllDirect[difference.Field with { Kind = FieldName.Header, Name = "UPGRADE" }] is not ["websocket"];

    private static bool IsHeader(Difference difference) => difference.Field.Kind is FieldName.Header or FieldName.Spelling;

    /// <summary>Kestrel cannot tell before it has seen the end of an HTTP/2 stream, which may or may not have arrived by then.</summary>
    private static bool IsEmptyBody(Difference difference)
        => difference.Field.Kind == FieldName.CanHaveBody
            && difference.AllDirect[difference.Field with { Kind = FieldName.BodyLength }] is ["0"];

    /// <summary>Over HTTP/1.1 only a node that waits for a 100 hears an answer that comes before the end of the body.</summary>
    private static bool IsExpectation(Difference difference)
        => IsHeader(difference) && difference is { Side: Side.Request, Field.Name: "EXPECT", Direct: null, Forwarded: ["100-continue" or "Expect"] };

    private static bool IsOnlyInHttp2(Difference difference)
        => difference is { Field.Kind: "response trailers" or "can reset the stream", Direct: ["True"], Forwarded: ["False"] };

    private static IEnumerable<string> NamedInConnection(Difference difference)
        => (difference.AllDirect[difference.Field with { Kind = FieldName.Header, Name = "CONNECTION" }] ?? [])
            .SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries))
            .Select(name => name.ToUpperInvariant());
}
