namespace StickySessions.Tests.Integration.RealClients;

/// <summary>
/// The official Engine.IO client under node. It sends the cookies of a page that was opened before, or keeps those that its own requests
/// bring.
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
        => Assert.All(await TalkAsync(spraying, transports, "page"), visit => Told.AssertCountedOn(visit, Messages));

    [Theory]
    [MemberData(nameof(PollingTransports))]
    public async Task Sockets_WithCookiesOfTheirOwn_AreCountedOn(Spraying spraying, string transports)
        => Assert.All(await TalkAsync(spraying, transports, "jar"), visit => Told.AssertCountedOnEach(visit, Messages));

    [Theory]
    [MemberData(nameof(PollingTransports))]
    public async Task Socket_WithoutStickySessions_IsUnknown(Spraying spraying, string transports)
    {
        var address = await (await apps.UnstickyAsync()).AddressAsync(spraying);
        var talk = await scripts.RunOrSkipAsync("engine-io.js", $"{address}", transports, "page", "1", "3", $"{Messages}");
        Assert.NotEqual(0, talk.ExitCode);
        Assert.Matches("Error: (error 400|upgradeError)", talk.Errors);
    }

    /// <summary>A WebSocket alone stays where it is, but the page that opened it was elsewhere.</summary>
    [Theory]
    [InlineData(Spraying.Connections)]
    [InlineData(Spraying.Requests)]
    public async Task WebSockets_WithoutStickySessions_AreCountedAnew(Spraying spraying)
    {
        var address = await (await apps.UnstickyAsync()).AddressAsync(spraying);
        var talk = await scripts.RunOrSkipAsync("engine-io.js", $"{address}", "websocket", "page", "1", "3", $"{Messages}");
        Assert.Equal((0, ""), (talk.ExitCode, talk.Errors));
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => Told.AssertCountedOn(Told.Read(talk.Output).Single(), Messages));
    }

    private async Task<Told[][]> TalkAsync(Spraying spraying, string transports, string cookies)
    {
        var address = await (await apps.StickyAsync()).AddressAsync(spraying);
        var talk = await scripts.RunOrSkipAsync("engine-io.js", $"{address}", transports, cookies, $"{Visitors}", $"{ConnectionsOfEach}", $"{Messages}");
        Assert.Equal((0, ""), (talk.ExitCode, talk.Errors));
        var visits = Told.Read(talk.Output);
        Assert.Equal(Visitors * ConnectionsOfEach, visits.Sum(visit => visit.Length));

        var firstAndLast = transports.Split(',');
        Assert.All(visits.SelectMany(visit => visit), told => Assert.Equal<string>([firstAndLast[0], firstAndLast[^1]], told.Transports ?? []));
        return visits;
    }
}
