using System.Text.Json;
using Microsoft.AspNetCore.Http.Connections;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>The official SignalR client for JavaScript under node, where it keeps cookies in a jar of its own unless it is given a client for HTTP without one.</summary>
[Collection(nameof(RealClientTests))]
public sealed class SignalRJavaScriptTests(SharedClientApps apps, NodeScripts scripts)
{
    private const int Visitors = 20;
    private const int ConnectionsOfEach = 10;
    private const int Messages = 3;

    [Theory]
    [MemberData(nameof(SignalRDotNetTests.TransportsAndProtocols), MemberType = typeof(SignalRDotNetTests))]
    public async Task Connections_OfVisitorsWhoKeepCookies_AreCountedOn(Spraying spraying, HttpTransportType transport, bool isMessagePack)
    {
        var visits = await TalkAsync(await apps.StickyAsync(), spraying, transport, isMessagePack, "page");
        Assert.All(visits, visit => Told.AssertCountedOn(visit, Messages));
    }

    [Theory]
    [MemberData(nameof(SignalRDotNetTests.TransportsAndProtocols), MemberType = typeof(SignalRDotNetTests))]
    public async Task Connections_ThatIgnoreCookies_AreCountedOn(Spraying spraying, HttpTransportType transport, bool isMessagePack)
    {
        var visitors = SignalRDotNetTests.ConnectionsWithoutCookies(transport, isMessagePack) / ConnectionsOfEach;
        var cluster = await apps.StickyAsync(SignalRDotNetTests.WithoutCookies);
        Assert.All(await TalkAsync(cluster, spraying, transport, isMessagePack, "none", visitors), visit => Told.AssertCountedOnEach(visit, Messages));
    }

    /// <summary>The script cuts the connection itself, see <see cref="StatefulReconnectTests"/>.</summary>
    [Theory]
    [InlineData(Spraying.Connections, "json")]
    [InlineData(Spraying.Connections, "messagepack")]
    [InlineData(Spraying.Requests, "json")]
    [InlineData(Spraying.Requests, "messagepack")]
    public async Task Connection_CutAgainAndAgain_LosesNothing(Spraying spraying, string protocol)
    {
        const int Cuts = 20;
        const int MessagesPerCut = 15;
        var address = await (await apps.StickyAsync()).AddressAsync(spraying);
        var talk = await scripts.RunOrSkipAsync("signalr-cut.js", $"{address}", protocol, $"{Cuts}", $"{MessagesPerCut}");
        Assert.Equal((0, ""), (talk.ExitCode, talk.Errors));
        var story = JsonSerializer.Deserialize<CutStory>(talk.Output, JsonSerializerOptions.Web)!;
        Told.AssertCountedOnEach([story.Told], Cuts * MessagesPerCut);
        Assert.Single(story.Ids.Distinct());
        Assert.Equal(Cuts, story.Reconnects);
    }

    [Theory]
    [MemberData(nameof(SignalRDotNetTests.Transports), MemberType = typeof(SignalRDotNetTests))]
    public async Task Connection_WithoutStickySessions_IsNotFound(Spraying spraying, HttpTransportType transport)
        => await AssertNotFoundAsync(await apps.UnstickyAsync(), spraying, transport, "page");

    /// <summary>To the default policy each of its requests is a new visitor's.</summary>
    [Theory]
    [MemberData(nameof(SignalRDotNetTests.Transports), MemberType = typeof(SignalRDotNetTests))]
    public async Task Connection_ThatIgnoresCookies_IsNotFound(Spraying spraying, HttpTransportType transport)
        => await AssertNotFoundAsync(await apps.StickyAsync(), spraying, transport, "none");

    private async Task AssertNotFoundAsync(ClientAppCluster cluster, Spraying spraying, HttpTransportType transport, string cookies)
    {
        var talk = await RunAsync(cluster, spraying, transport, isMessagePack: false, cookies, visitors: 1, connectionsOfEach: 1);
        Assert.NotEqual(0, talk.ExitCode);
        Assert.Matches("Status code '404'|connection could not be found on the server", talk.Errors);
    }

    private async Task<Told[][]> TalkAsync(
        ClientAppCluster cluster, Spraying spraying, HttpTransportType transport, bool isMessagePack, string cookies, int visitors = Visitors)
    {
        var talk = await RunAsync(cluster, spraying, transport, isMessagePack, cookies, visitors, ConnectionsOfEach);

        // The client's warnings are errors.
        Assert.Equal((0, ""), (talk.ExitCode, talk.Errors));
        var visits = Told.Read(talk.Output);
        Assert.Equal(visitors * ConnectionsOfEach, visits.Sum(visit => visit.Length));
        return visits;
    }

    private async Task<FinishedProcess> RunAsync(
        ClientAppCluster cluster, Spraying spraying, HttpTransportType transport, bool isMessagePack, string cookies, int visitors, int connectionsOfEach)
    {
        string[] what = [$"{await cluster.AddressAsync(spraying)}", $"{transport}", isMessagePack ? "messagepack" : "json", cookies];
        return await scripts.RunOrSkipAsync("signalr.js", [.. what, $"{visitors}", $"{connectionsOfEach}", $"{Messages}"]);
    }

    private sealed record CutStory(Told Told, string[] Ids, int Reconnects);
}
