using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Startup;

namespace StickySessions.Tests.Integration.Placement;

/// <summary>
/// What requests meet at an owner that runs as many as it may, here one: those that enter there and those that another node forwards; in
/// Redis and configured.
/// </summary>
public sealed class FullOwnerTests(GarnetServerFixture redis)
{
    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running;

    public static TheoryData<int, bool> Ingresses => new MatrixTheoryData<int, bool>([0, 1], [true, false]);

    [Theory]
    [MemberData(nameof(Ingresses))]
    public async Task Serve_BoundSession_RunsAndNewOnesGoElsewhere(int ingress, bool inRedis)
    {
        await using var cluster = await ClusterAsync(inRedis, FullNodeBehavior.Serve);
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        var (held, cookie) = await FillAsync(nodes[0]);
        using var counted = new CountedMetrics(nodes[0].Services);

        Assert.Equal("200 web-1", (await nodes[ingress].GetAsync(cookie: cookie)).ToString());
        Assert.Equal([("result", "served", 1)], counted.Of("stickysessions.requests.owner_full"));

        var placed = await nodes[0].BeginAsync(10);
        Assert.DoesNotContain("web-1", placed.Keys);
        Assert.Equal([("reason", "full", 10)], counted.Of("stickysessions.sessions.placed_elsewhere"));

        _release.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await held).Status);
        Assert.Equal([KeyValuePair.Create("web-1", 10)], await nodes[0].BeginAsync(10));
    }

    [Theory]
    [MemberData(nameof(Ingresses))]
    public async Task Shed_BoundSession_IsTurnedAwayAndKept(int ingress, bool inRedis)
    {
        await using var cluster = await ClusterAsync(inRedis, FullNodeBehavior.Shed);
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        var (held, cookie) = await FillAsync(nodes[0]);
        using var counted = new CountedMetrics(nodes[0].Services);

        AssertShed(await nodes[ingress].GetAsync(cookie: cookie));
        Assert.Equal([("result", "shed", 1)], counted.Of("stickysessions.requests.owner_full"));

        _release.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await held).Status);
        await Eventually.Async(() => nodes[0].Held.All().All(session => session.Running == 0), "nobody is in the session");
        Assert.Equal("200 web-1", (await nodes[ingress].GetAsync(cookie: cookie)).ToString());
        Assert.Equal(1, nodes[0].Held.Count);
    }

    [Theory]
    [MemberData(nameof(Ingresses))]
    public async Task Queue_BoundSession_WaitsForItsTurn(int ingress, bool inRedis)
    {
        await using var cluster = await ClusterAsync(inRedis, FullNodeBehavior.Queue, queueLimit: 1, queueTimeout: TimeSpan.FromMinutes(5));
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        var (held, cookie) = await FillAsync(nodes[0]);
        using var counted = new CountedMetrics(nodes[0].Services);

        var waiting = nodes[ingress].GetAsync(cookie: cookie);
        await Eventually.Async(() => WaitingAt(nodes[0]) == 1, "the request waits");
        AssertShed(await nodes[ingress].GetAsync(cookie: cookie)); // beyond the queue
        Assert.False(waiting.IsCompleted);

        _release.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await held).Status);
        Assert.Equal("200 web-1", (await waiting).ToString());
        Assert.Equal([("result", "queued", 1), ("result", "shed", 1)], counted.Of("stickysessions.requests.owner_full"));
    }

    [Theory]
    [MemberData(nameof(Ingresses))]
    public async Task Queue_LongerThanItMayTake_IsShed(int ingress, bool inRedis)
    {
        await using var cluster = await ClusterAsync(inRedis, FullNodeBehavior.Queue, queueTimeout: TimeSpan.FromMilliseconds(200));
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        var (held, cookie) = await FillAsync(nodes[0]);

        AssertShed(await nodes[ingress].GetAsync(cookie: cookie));
        Assert.Equal(0, WaitingAt(nodes[0]));

        _release.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await held).Status);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Queue_ClientThatGoes_LeavesTheQueueAndItsSession(int ingress)
    {
        await using var cluster = await ClusterAsync(inRedis: true, FullNodeBehavior.Queue, queueTimeout: TimeSpan.FromMinutes(5));
        var nodes = await cluster.StartAsync("web-1", "web-2");
        var (held, cookie) = await FillAsync(nodes[0]);
        var session = Assert.Single(nodes[0].Held.All());
        using (var client = new HttpClient(new SocketsHttpHandler { UseCookies = false }))
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, nodes[ingress].Address);
            request.Headers.Add("Cookie", cookie);
            _ = client.SendAsync(request, TestContext.Current.CancellationToken);
            await Eventually.Async(() => WaitingAt(nodes[0]) == 1 && session.Running == 2, "the request waits");
        }

        await Eventually.Async(() => WaitingAt(nodes[0]) == 0 && session.Running == 1, "it waits no more");
        _release.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await held).Status);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task StreamOfEvents_ThatHasBegun_TakesNoPlace(int ingress)
    {
        await using var cluster = await ClusterAsync(inRedis: true, FullNodeBehavior.Shed);
        var nodes = await cluster.StartAsync("web-1", "web-2");
        var cookie = (await nodes[0].GetAsync()).Cookie!;
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(nodes[ingress].Address, "/events"));
        request.Headers.Add("Cookie", cookie);
        using var events = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);

        Assert.Equal("200 web-1", (await nodes[ingress].GetAsync(cookie: cookie)).ToString());
        Assert.True(Assert.Single(nodes[0].Held.All()).Running > 0, "the stream is still open");
        _release.SetResult();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task WebSocket_ThatIsOpen_TakesNoPlace(int ingress)
    {
        await using var cluster = await ClusterAsync(inRedis: true, FullNodeBehavior.Shed);
        var nodes = await cluster.StartAsync("web-1", "web-2");
        var cookie = (await nodes[0].GetAsync()).Cookie!;
        using var socket = new System.Net.WebSockets.ClientWebSocket();
        socket.Options.SetRequestHeader("Cookie", cookie);
        await socket.ConnectAsync(new UriBuilder(nodes[ingress].Address) { Scheme = "ws", Path = "/socket" }.Uri, TestContext.Current.CancellationToken);

        Assert.Equal("200 web-1", (await nodes[ingress].GetAsync(cookie: cookie)).ToString());
        Assert.True(Assert.Single(nodes[0].Held.All()).Running > 0, "the socket is still open");
        _release.SetResult();
    }

    [Fact]
    public async Task NewSession_SentToNodesThatHaveJustBecomeFull_BeginsWhereThereIsRoom()
    {
        await using var cluster = await ClusterAsync(inRedis: false, FullNodeBehavior.Shed, more: sticky => sticky
            .ConfigurePolicy(policy => policy.Placement = PlacementStrategy.LeastLoaded)
            .UseStaticNodes(nodes => (nodes.ProbeInterval, nodes.GoneAfter) = (TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5)))); // figures as they were at the start
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");

        // One is full, and the others do not know it: what they place there goes on to one that has room.
        var held = new List<(Task<Answer> Held, string? Cookie)> { await FillAsync(nodes[1], anyNode: true) };
        var full = nodes.Single(node => node.Held.Count == 1);
        foreach (var ingress in nodes.Where(node => node != full))
        {
            Assert.DoesNotContain(full.Name, (await ingress.BeginAsync(10)).Keys);
        }

        held.Add(await FillAsync(nodes[2], anyNode: true));
        held.Add(await FillAsync(nodes[0], anyNode: true));
        var sessions = nodes.Sum(node => node.Held.Count);

        // All are full: the first request is shed, and no session and no cookie is left of it.
        var shed = await nodes[0].GetAsync();
        AssertShed(shed);
        Assert.Null(shed.Cookie);
        Assert.Equal(sessions, nodes.Sum(node => node.Held.Count));

        _release.SetResult();
        foreach (var (answer, _) in held)
        {
            Assert.Equal(HttpStatusCode.OK, (await answer).Status);
        }
    }

    private static int WaitingAt(PlacementNode node) => node.Services.GetRequiredService<RequestLimit>().Waiting;

    private static void AssertShed(Answer answer)
    {
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.Contains("\"reason\":\"owner-full\"", answer.Body, StringComparison.Ordinal);
        Assert.Equal(1, answer.RetryAfter);
    }

    /// <summary>One request runs until it is released: the node is full.</summary>
    private async Task<(Task<Answer> Held, string? Cookie)> FillAsync(PlacementNode node, bool anyNode = false)
    {
        var before = Volatile.Read(ref _running);
        var cookie = anyNode ? null : (await node.GetAsync()).Cookie;
        var held = node.GetAsync("/hold", cookie);
        await Eventually.Async(() => Volatile.Read(ref _running) == before + 1, "the request runs");
        return (held, cookie);
    }

    private async Task<PlacementCluster> ClusterAsync(
        bool inRedis, FullNodeBehavior whenFull, int queueLimit = 100, TimeSpan? queueTimeout = null, Action<IStickySessionsBuilder>? more = null)
        => new(inRedis ? await redis.ConfigurationAsync() : null)
        {
            Configure = sticky =>
            {
                sticky.ConfigureNode(node => (node.MaxRequests, node.WhenFull, node.QueueLimit, node.QueueTimeout)
                    = (1, whenFull, queueLimit, queueTimeout ?? node.QueueTimeout));
                more?.Invoke(sticky);
            },
            Map = app =>
            {
                app.UseWebSockets();
                app.MapGet("/hold", async () =>
                {
                    Interlocked.Increment(ref _running);
                    await _release.Task;
                });
                app.MapGet("/events", async (HttpContext context) =>
                {
                    context.Response.ContentType = "text/event-stream";
                    await context.Response.Body.FlushAsync();
                    await _release.Task;
                });
                app.MapGet("/socket", async (HttpContext context) =>
                {
                    using var socket = await context.WebSockets.AcceptWebSocketAsync();
                    await _release.Task;
                });
            },
        };
}
