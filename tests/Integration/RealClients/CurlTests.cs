using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>curl with a cookie jar in a file.</summary>
[Collection(nameof(RealClientTests))]
public sealed class CurlTests(SharedClientApps apps) : IDisposable
{
    private readonly string _jar = Path.GetTempFileName();

    /// <summary>Many processes that each visit once, and few that each visit often over one connection.</summary>
    [Theory]
    [InlineData(Spraying.Connections, 50, 1)]
    [InlineData(Spraying.Connections, 5, 100)]
    [InlineData(Spraying.Requests, 50, 1)]
    [InlineData(Spraying.Requests, 5, 100)]
    public async Task Curl_WithACookieJar_IsCountedOn(Spraying spraying, int processes, int visitsOfEach)
        => Assert.Equal(Enumerable.Range(1, processes * visitsOfEach), await CountAsync(isSticky: true, spraying, processes, visitsOfEach));

    [Theory]
    [InlineData(Spraying.Connections, 6, 1)]
    [InlineData(Spraying.Connections, 3, 5)]
    [InlineData(Spraying.Requests, 6, 1)]
    [InlineData(Spraying.Requests, 3, 5)]
    public async Task Curl_WithoutStickySessions_IsCountedAnew(Spraying spraying, int processes, int visitsOfEach)
        => Assert.NotEqual(Enumerable.Range(1, processes * visitsOfEach), await CountAsync(isSticky: false, spraying, processes, visitsOfEach));

    public void Dispose() => File.Delete(_jar);

    private async Task<IEnumerable<int>> CountAsync(bool isSticky, Spraying spraying, int processes, int visitsOfEach)
    {
        var curl = InstalledPrograms.FindOrSkip("curl");
        var address = await (await apps.ClusterAsync(isSticky)).AddressAsync(spraying);
        var seen = new List<int>();
        for (var process = 0; process < processes; process++)
        {
            // With each answer: the connections that it took to get it.
            string[] options = ["--silent", "--show-error", "--fail", "--cookie", _jar, "--cookie-jar", _jar, "--write-out", " %{num_connects}\n"];
            var visits = await FinishedProcess.RunAsync(curl, [.. options, .. Enumerable.Repeat($"{address}count", visitsOfEach)]);
            Assert.Equal((0, ""), (visits.ExitCode, visits.Errors));
            var answers = visits.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ').Select(int.Parse).ToArray()).ToArray();
            Assert.Equal(1, answers.Sum(answer => answer[1]));
            seen.AddRange(answers.Select(answer => answer[0]));
        }

        return seen;
    }
}
