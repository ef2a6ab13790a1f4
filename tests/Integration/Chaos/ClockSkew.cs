namespace StickySessions.Tests.Integration.Chaos;

/// <summary>Where libfaketime is, which moves the wall clock of a process and leaves its monotonic clock alone.</summary>
internal static class ClockSkew
{
    public const string Kind = "skew";

    /// <summary>Null if it is not installed.</summary>
    public static string? Library { get; } = new[] { "/usr/lib", "/usr/lib64", "/usr/local/lib" }
        .Where(Directory.Exists)
        .SelectMany(folder => Directory.EnumerateFiles(folder, "libfaketimeMT.so.1", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, MaxRecursionDepth = 3 }))
        .FirstOrDefault();

    public static bool IsWanted(ChaosOptions options) => options.Faults.Count == 0 || options.Faults.Contains(Kind);
}
