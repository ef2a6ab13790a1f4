namespace StickySessions.Tests.Integration.Conformance.Comparing;

internal enum Side
{
    /// <summary>The request as the application saw it.</summary>
    Request,

    /// <summary>The answer as the client saw it.</summary>
    Answer,
}

/// <summary>A field that is not what it is without forwarding.</summary>
/// <param name="Side">Who saw it.</param>
/// <param name="Field">What differs.</param>
/// <param name="Direct">Its values in the direct exchange; null if it was not there.</param>
/// <param name="Forwarded">Its values in the forwarded one; null if it was not there.</param>
/// <param name="AllDirect">The whole direct exchange, as this side saw it.</param>
internal sealed record Difference(Side Side, FieldName Field, string[]? Direct, string[]? Forwarded, Fields AllDirect)
{
    public static IEnumerable<Difference> Between(Side side, Fields direct, Fields forwarded)
        => from name in direct.Names.Union(forwarded.Names).OrderBy(name => name.ToString(), StringComparer.Ordinal)
           let before = direct[name]
           let after = forwarded[name]
           where before is null || after is null || !before.SequenceEqual(after, StringComparer.Ordinal)
           select new Difference(side, name, before, after, direct);

    public override string ToString() => $"{Side} · {Field}: direct {Show(Direct)}, forwarded {Show(Forwarded)}";

    private static string Show(string[]? values)
        => values is null ? "nothing" : string.Join(" + ", values.Select(value => $"\"{value}\""));
}
