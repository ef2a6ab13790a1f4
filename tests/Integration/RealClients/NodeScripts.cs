using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>Scripts of the folder Js, with the npm packages that its lock file names. They are installed when the first test asks for one.</summary>
public sealed class NodeScripts : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sticky-js-");
    private Task<FinishedProcess>? _installation;

    /// <summary>Runs a script to its end. The test is skipped without node, npm or the packages.</summary>
    internal async Task<FinishedProcess> RunOrSkipAsync(string script, params string[] arguments)
    {
        var node = InstalledPrograms.FindOrSkip("node");
        var installed = await (_installation ??= InstallOrSkipAsync());
        Assert.SkipUnless(installed.ExitCode == 0, $"npm ci could not install the packages: {installed.Errors}");
        return await FinishedProcess.RunAsync(node, [script, .. arguments], _folder.FullName);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private Task<FinishedProcess> InstallOrSkipAsync()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "RealClients", "Js")))
        {
            File.Copy(file, Path.Combine(_folder.FullName, Path.GetFileName(file)));
        }

        var npm = InstalledPrograms.FindOrSkip("npm");
        return FinishedProcess.RunAsync(npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retry-mintimeout=1000"], _folder.FullName);
    }
}
