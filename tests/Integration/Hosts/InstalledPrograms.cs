namespace StickySessions.Tests.Integration.Hosts;

/// <summary>Programs that some tests need and not every machine has.</summary>
internal static class InstalledPrograms
{
    /// <summary>Where servers are that an ordinary user's PATH leaves out.</summary>
    private const string ServersFolder = "/usr/sbin";

    /// <summary>Where a program is, or null.</summary>
    public static string? TryFind(string name)
        => (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Append(ServersFolder)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);

    /// <summary>Where a program is; the test is skipped if it is not installed.</summary>
    public static string FindOrSkip(string name)
    {
        var program = TryFind(name);
        Assert.SkipUnless(program is not null, $"{name} is not installed.");
        return program!;
    }
}
