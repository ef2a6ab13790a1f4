using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>
/// The official Engine.IO client under node. It sends the cookies of a page that was opened before, or keeps those that its own requests
/// bring, or ignores cookies.
/// </summary>
[Collection(nameof(RealClientTests))]
public sealed class EngineIoTests(SharedClientApps apps, NodeScripts scripts)
{
    private const int Visitors = 10;
    private const int ConnectionsOfEach = 5;
    private const int Messages = 5;

    private const string Upgrade = "polling,websocket";

    public static MatrixTheoryData<Spraying, string> Transports { get; } = new(Enum.GetValues<Spraying>(), ["polling", "websocket", Upgrade]);

    public static MatrixTheoryData<Spraying, string> PollingTransports { get; } = new(Enum.GetValues<Spraying>(), ["polling", Upgrade]);

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Sockets_WithThePagesCookies_AreCountedOn(Spraying spraying, string transports)
        => Assert.All(await TalkAsync(await apps.StickyAsync(), spraying, transports, "page"), visit => Told.AssertCountedOn(visit, Messages));

    [Theory]
    [MemberData(nameof(PollingTransports))]
    public async Task Sockets_WithCookiesOfTheirOwn_AreCountedOn(Spraying spraying, string transports)
        => Assert.All(await TalkAsync(await apps.StickyAsync(), spraying, transports, "jar"), visit => Told.AssertCountedOnEach(visit, Messages));

    /// <summary>By the <c>sid</c> that the first answer gives out.</summary>
    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Sockets_WithoutCookies_AreCountedOn(Spraying spraying, string transports)
    {
        var cluster = await apps.StickyAsync("--StickySessions:Policy:Preset=EngineIO");
        Assert.All(await TalkAsync(cluster, spraying, transports, "none"), visit => Told.AssertCountedOnEach(visit, Messages));
    }

    /// <summary>To the default policy each of its requests is a new visitor's.</summary>
    [Theory]
    [MemberData(nameof(PollingTransports))]
    public async Task Socket_WithoutCookies_IsUnknownToTheDefaultPolicy(Spraying spraying, string transports)
        => await AssertUnknownAsync(await apps.StickyAsync(), spraying, transports, "none");

    [Theory]
    [MemberData(nameof(PollingTransports))]
    public async Task Socket_WithoutStickySessions_IsUnknown(Spraying spraying, string transports)
        => await AssertUnknownAsync(await apps.UnstickyAsync(), spraying, transports, "page");

    /// <summary>A WebSocket alone stays where it is, but the page that opened it was elsewhere.</summary>
    [Theory]
    [InlineData(Spraying.Connections)]
    [InlineData(Spraying.Requests)]
    public async Task WebSockets_WithoutStickySessions_AreCountedAnew(Spraying spraying)
    {
        var talk = await RunAsync(await apps.UnstickyAsync(), spraying, "websocket", "page", visitors: 1, connectionsOfEach: 3);
        Assert.Equal((0, ""), (talk.ExitCode, talk.Errors));
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => Told.AssertCountedOn(Told.Read(talk.Output).Single(), Messages));
    }

    private async Task AssertUnknownAsync(ClientAppCluster cluster, Spraying spraying, string transports, string cookies)
    {
        var talk = await RunAsync(cluster, spraying, transports, cookies, visitors: 1, connectionsOfEach: 3);
        Assert.NotEqual(0, talk.ExitCode);
        Assert.Matches("Error: (error 400|upgradeError)", talk.Errors);
    }

    private async Task<Told[][]> TalkAsync(ClientAppCluster cluster, Spraying spraying, string transports, string cookies)
    {
        var talk = await RunAsync(cluster, spraying, transports, cookies, Visitors, ConnectionsOfEach);
        Assert.Equal((0, ""), (talk.ExitCode, talk.Errors));
        var visits = Told.Read(talk.Output);
        Assert.Equal(Visitors * ConnectionsOfEach, visits.Sum(visit => visit.Length));

        var firstAndLast = transports.Split(',');
        Assert.All(visits.SelectMany(visit => visit), told => Assert.Equal<string>([firstAndLast[0], firstAndLast[^1]], told.Transports ?? []));
        return visits;
    }

    private async Task<FinishedProcess> RunAsync(
        ClientAppCluster cluster, Spraying spraying, string transports, string cookies, int visitors, int connectionsOfEach)
        => await scripts.RunOrSkipAsync(
            "engine-io.js", $"{await cluster.AddressAsync(spraying)}", transports, cookies, $"{visitors}", $"{connectionsOfEach}", $"{Messages}");
}
