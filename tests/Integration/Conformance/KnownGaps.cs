namespace StickySessions.Tests.Integration.Conformance;

/// <summary>
/// Rows that are not the same yet, or cannot be, and why. Each is run and must differ, then counts as skipped: whoever closes a
/// gap is told to take its line out.
/// </summary>
internal static class KnownGaps
{

    private static readonly (string Test, string Argument, Transport[] Over, string Reason)[] Table =
    [
    ];

    /// <summary>Why the running test cannot pass, or null.</summary>
    public static string? Find(Transport transport, string test)
        => Table.FirstOrDefault(gap => gap.Over.Contains(transport) && Contains(test, gap.Test) && Contains(test, gap.Argument)).Reason;

    private static bool Contains(string test, string part) => test.Contains(part, StringComparison.Ordinal);
}
