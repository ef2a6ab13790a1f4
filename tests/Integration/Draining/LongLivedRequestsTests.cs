using System.Diagnostics;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Placement;

namespace StickySessions.Tests.Integration.Draining;

/// <summary>What lasts as long as its client is there ends gently when its session moves or its node goes, and only that.</summary>
public sealed class LongLivedRequestsTests(RedisServerFixture redis)
{
    private readonly TaskCompletionSource _brokenOff = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, true)] // at the owner, which stops
    [InlineData(1, true)] // at another node
    [InlineData(0, false)]
    [InlineData(1, false)]
    public async Task WebSocket_WhenItsOwnerStops_IsToldToGoElsewhere(int ingress, bool hasState)
    {
        await using var cluster = await ClusterAsync();
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        var cookies = await BeginAsync(nodes[0], hasState);
        using var socket = await ConnectAsync(nodes[ingress], cookies);
        var what = hasState ? "count" : "owner";
        Assert.Equal(hasState ? "web-1 1" : "web-1", await SayAsync(socket, what));

        var stopping = nodes[0].StopAsync();
        var said = await socket.ReceiveAsync(new byte[100], Cancelled);

        Assert.Equal((WebSocketMessageType.Close, WebSocketCloseStatus.EndpointUnavailable), (said.MessageType, socket.CloseStatus));
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Cancelled);
        using var again = await ConnectAsync(nodes[2], cookies);
        Assert.Matches(hasState ? "^web-[23] 2$" : "^web-[23]$", await SayAsync(again, what));
        await stopping;
    }

    [Fact]
    public async Task WebSocket_WhenTheNodeThatForwardsItStops_IsToldToGoElsewhere_AndItsSessionStays()
    {
        await using var cluster = await ClusterAsync();
        var nodes = await cluster.StartAsync("web-1", "web-2");
        var cookies = await BeginAsync(nodes[1], hasState: true);
        using var socket = await ConnectAsync(nodes[0], cookies);
        Assert.Equal("web-2 1", await SayAsync(socket));

        var stopping = nodes[0].StopAsync();
        await socket.ReceiveAsync(new byte[100], Cancelled);

        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, socket.CloseStatus);
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Cancelled);
        using var again = await ConnectAsync(nodes[1], cookies);
        Assert.Equal("web-2 2", await SayAsync(again));
        await stopping;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Events_WhenTheirOwnerStops_EndAsACompleteResponse(int ingress)
    {
        await using var cluster = await ClusterAsync();
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        var cookies = await BeginAsync(nodes[0], hasState: true);
        using var client = Client(cookies);
        using var request = EventsOf(nodes[ingress], "/events");
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        using var events = new StreamReader(await answer.Content.ReadAsStreamAsync(Cancelled));
        Assert.Equal("data: web-1", await events.ReadLineAsync(Cancelled));

        var stopping = nodes[0].StopAsync();
        Assert.Equal("", await events.ReadToEndAsync(Cancelled).WaitAsync(TimeSpan.FromSeconds(20), Cancelled));

        Assert.Matches("^web-[23] 1$", await client.GetStringAsync(new Uri(nodes[2].Address, "/count"), Cancelled));
        await stopping;
    }

    [Theory]
    [InlineData("/stubborn-events", true)]
    [InlineData("/stubborn-events", false)] // the client did not say that it expects events
    public async Task EventsThatDoNotEnd_AreBrokenOff(string path, bool asksForEvents)
    {
        await using var cluster = await ClusterAsync();
        var nodes = await cluster.StartAsync("web-1", "web-2");
        var cookies = await BeginAsync(nodes[0], hasState: true);
        using var client = Client(cookies);
        using var request = EventsOf(nodes[1], path, asksForEvents);
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        using var events = new StreamReader(await answer.Content.ReadAsStreamAsync(Cancelled));
        await events.ReadLineAsync(Cancelled);

        var since = Stopwatch.GetTimestamp();
        var stopping = nodes[0].StopAsync();
        await Assert.ThrowsAnyAsync<IOException>(() => events.ReadToEndAsync(Cancelled).WaitAsync(TimeSpan.FromSeconds(20), Cancelled));
        _brokenOff.SetResult();

        await stopping;
        Assert.InRange(Stopwatch.GetElapsedTime(since), TimeSpan.Zero, TimeSpan.FromSeconds(15));
        Assert.Equal("web-2 1", await client.GetStringAsync(new Uri(nodes[1].Address, "/count"), Cancelled));
    }

    [Fact]
    public async Task OrdinaryAnswer_ToAClientThatWouldTakeEvents_IsNotCutOff()
    {
        await using var cluster = await ClusterAsync();
        var nodes = await cluster.StartAsync("web-1", "web-2");
        var cookies = await BeginAsync(nodes[0], hasState: true);
        using var client = Client(cookies);
        using var request = EventsOf(nodes[1], "/slow");
        var answering = client.SendAsync(request, Cancelled);
        await Eventually.Async(() => nodes[0].Held.All().Any(session => session.Running > 0), "the request runs");

        var stopping = nodes[0].StopAsync();
        using var answer = await answering;

        Assert.Equal("done", await answer.Content.ReadAsStringAsync(Cancelled));
        await stopping;
    }

    private static HttpClient Client(CookieContainer cookies) => new(new SocketsHttpHandler { CookieContainer = cookies });

    private static HttpRequestMessage EventsOf(PlacementNode node, string path, bool asksForEvents = true)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(node.Address, path));
        request.Headers.Add("Accept", asksForEvents ? "application/json, text/event-stream" : "*/*");
        return request;
    }

    /// <summary>A session that the node owns.</summary>
    private static async Task<CookieContainer> BeginAsync(PlacementNode node, bool hasState)
    {
        var cookies = new CookieContainer();
        using var client = Client(cookies);
        await client.GetStringAsync(new Uri(node.Address, hasState ? "/begin" : "/nothing"), Cancelled);
        return cookies;
    }

    private static async Task<ClientWebSocket> ConnectAsync(PlacementNode node, CookieContainer cookies)
    {
        var socket = new ClientWebSocket { Options = { Cookies = cookies } };
        await socket.ConnectAsync(new UriBuilder(node.Address) { Scheme = "ws", Path = "/ws" }.Uri, Cancelled);
        return socket;
    }

    private static async Task<string> SayAsync(ClientWebSocket socket, string what = "count")
    {
        await socket.SendAsync(Encoding.UTF8.GetBytes(what), WebSocketMessageType.Text, endOfMessage: true, Cancelled);
        var buffer = new byte[100];
        var answer = await socket.ReceiveAsync(buffer, Cancelled);
        return Encoding.UTF8.GetString(buffer, 0, answer.Count);
    }

    private async Task<PlacementCluster> ClusterAsync() => new(await redis.ConfigurationAsync())
    {
        Configure = sticky => sticky.Services.AddStickySessionState(),
        Map = Map,
    };

    private void Map(WebApplication app)
    {
        app.UseWebSockets();
        app.MapGet("/begin", (HttpContext context) => context.Session.SetInt32("count", 0));
        app.MapGet("/count", Count);
        // Longer than sessions in use are waited for with open gates.
        app.MapGet("/slow", async (HttpContext context) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(3.5), context.RequestAborted);
            return "done";
        });
        app.MapGet("/events", async (HttpContext context) =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync($"data: {Owner(context)}\n");
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        app.MapGet("/stubborn-events", async (HttpContext context) =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: on and on\n");
            await _brokenOff.Task;
        });
        app.Map("/ws", async (HttpContext context) =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[100];
            while (await socket.ReceiveAsync(buffer, CancellationToken.None) is { MessageType: not WebSocketMessageType.Close } said)
            {
                var answer = Encoding.UTF8.GetString(buffer, 0, said.Count) == "owner" ? Owner(context) : await CountAsync(context);
                await socket.SendAsync(Encoding.UTF8.GetBytes(answer), WebSocketMessageType.Text, true, CancellationToken.None);
            }

            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        });
    }

    private static string Owner(HttpContext context) => context.Features.Get<IStickySessionFeature>()!.Owner;

    private static string Count(HttpContext context)
    {
        var count = (context.Session.GetInt32("count") ?? 0) + 1;
        context.Session.SetInt32("count", count);
        return $"{Owner(context)} {count}";
    }

    private static async Task<string> CountAsync(HttpContext context)
    {
        var count = Count(context);
        await context.Session.CommitAsync();
        return count;
    }
}
