using System.Text.Json;
using Microsoft.AspNetCore.Http.Connections;

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
        var cluster = await apps.StickyAsync(SignalRDotNetTests.WithoutCookies);
        Assert.All(await TalkAsync(cluster, spraying, transport, isMessagePack, "none"), visit => Told.AssertCountedOnEach(visit, Messages));
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
    {
        var address = await (await apps.UnstickyAsync()).AddressAsync(spraying);
        var talk = await scripts.RunOrSkipAsync("signalr.js", $"{address}", $"{transport}", "json", "page", "1", "1", $"{Messages}");
        Assert.NotEqual(0, talk.ExitCode);
        Assert.Matches("Status code '404'|connection could not be found on the server", talk.Errors);
    }

    private async Task<Told[][]> TalkAsync(ClientAppCluster cluster, Spraying spraying, HttpTransportType transport, bool isMessagePack, string cookies)
    {
        var protocol = isMessagePack ? "messagepack" : "json";
        var talk = await scripts.RunOrSkipAsync(
            "signalr.js", $"{await cluster.AddressAsync(spraying)}", $"{transport}", protocol, cookies, $"{Visitors}", $"{ConnectionsOfEach}", $"{Messages}");

        // The client's warnings are errors.
        Assert.Equal((0, ""), (talk.ExitCode, talk.Errors));
        var visits = Told.Read(talk.Output);
        Assert.Equal(Visitors * ConnectionsOfEach, visits.Sum(visit => visit.Length));
        return visits;
    }

    private sealed record CutStory(Told Told, string[] Ids, int Reconnects);
}
