using System.Diagnostics;
using System.IO.Compression;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace StickySessions.Tests.Integration.Startup;

/// <summary>What a team installs.</summary>
public sealed class PackageTests
{
    private const string Assembly = "lib/net10.0/StickySessions.Middleware.dll";

    [Fact]
    public async Task Package_OfThisBuild_HoldsReadmeDocumentationLicenceAndSymbols()
    {
        var output = Directory.CreateTempSubdirectory("sticky-package-");
        try
        {
            await PackAsync(output.FullName);
            using var package = Open(output, "*.nupkg");
            using var symbols = Open(output, "*.snupkg");

            Assert.NotNull(package.GetEntry("README.md"));
            Assert.NotNull(package.GetEntry("lib/net10.0/StickySessions.Middleware.xml"));
            var metadata = XDocument.Load(package.Entries.Single(entry => entry.Name.EndsWith(".nuspec", StringComparison.Ordinal)).Open()).Root!.Elements().First();
            Assert.Equal("README.md", Value(metadata, "readme"));
            Assert.Equal("MIT", Value(metadata, "license"));
            Assert.Equal("StickySessions.Middleware", Value(metadata, "id"));

            // A debugger accepts the symbols only if they are of this very build.
            using var assembly = new PEReader(Content(package, Assembly));
            using var pdb = MetadataReaderProvider.FromPortablePdbStream(Content(symbols, Path.ChangeExtension(Assembly, ".pdb")));
            var debug = assembly.ReadDebugDirectory();
            var wanted = assembly.ReadCodeViewDebugDirectoryData(debug.Single(entry => entry.Type == DebugDirectoryEntryType.CodeView)).Guid;
            Assert.Equal(wanted, new BlobContentId(pdb.GetMetadataReader().DebugMetadataHeader!.Id).Guid);

            // The compiler says so when equal sources give equal bytes.
            Assert.Contains(debug, entry => entry.Type == DebugDirectoryEntryType.Reproducible);
        }
        finally
        {
            output.Delete(recursive: true);
        }
    }

    private static async Task PackAsync(string output)
    {
        var configuration = typeof(PackageTests).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;
        string[] arguments = ["pack", RepositoryFile("src/StickySessions.Middleware"), "--no-build", "--nologo", "-c", configuration, "-o", output];
        using var pack = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true })!;
        var log = await pack.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await pack.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(pack.ExitCode == 0, log);
    }

    private static ZipArchive Open(DirectoryInfo folder, string pattern) => ZipFile.OpenRead(Assert.Single(folder.GetFiles(pattern)).FullName);

    private static MemoryStream Content(ZipArchive package, string path)
    {
        var entry = package.GetEntry(path);
        Assert.True(entry is not null, $"The package has no {path}.");
        using var packed = entry.Open();
        var content = new MemoryStream();
        packed.CopyTo(content);
        content.Position = 0;
        return content;
    }

    private static string? Value(XElement metadata, string name) => metadata.Elements().SingleOrDefault(element => element.Name.LocalName == name)?.Value;

    private static string RepositoryFile(string path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "StickySessions.sln")))
            {
                return Path.Combine(folder.FullName, path);
            }
        }

        throw new FileNotFoundException("The repository was not found above the test's folder.", path);
    }
}
