using System.Net;
using System.Net.WebSockets;
using StickySessions.Cluster;
using StickySessions.Tests.Integration.Fencing;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Placement;

namespace StickySessions.Tests.Integration.OneAtATime;

/// <summary>The requests of a session run one after the other at its owner, whichever node received them.</summary>
public sealed class TurnsTests(GarnetServerFixture redis)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_OfBothNodes_RunInTheOrderOfTheirComing()
    {
        await using var app = await TurnsApplication.StartAsync(await redis.ConfigurationAsync());
        List<Task<Answer>> answers = [await app.HoldAsync()];
        for (var number = 0; number < 10; number++)
        {
            answers.Add(await app.WaitInLineAsync(number % 2, $"/run/{number}"));
        }

        app.Release();

        Assert.All(await Task.WhenAll(answers), answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        Assert.Equal("first hold 0 1 2 3 4 5 6 7 8 9", string.Join(' ', app.Ran));
        Assert.Equal(1, app.Most);
        await app.NobodyIsThereAsync();
    }

    [Fact]
    public async Task Requests_ManyAtOnce_NeverRunTogether()
    {
        const int Requests = 200;
        await using var app = await TurnsApplication.StartAsync(await redis.ConfigurationAsync(), policy => policy.MaxQueued = Requests);

        var answers = await Task.WhenAll(Enumerable.Range(0, Requests).Select(number => app.GetAsync(number % 2, $"/run/{number}")));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        Assert.Equal((Requests + 1, 1), (app.Ran.Count, app.Most));
        await app.NobodyIsThereAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Beyond_WhatMayWait_IsTurnedAway(int ingress)
    {
        await using var app = await TurnsApplication.StartAsync(await redis.ConfigurationAsync(), policy => policy.MaxQueued = 1);
        var held = await app.HoldAsync();
        var waiting = await app.WaitInLineAsync(ingress, "/run/waiting");

        AssertBusy(await app.GetAsync(ingress, "/run/beyond"));

        app.Release();
        Assert.Equal("200 waiting", (await waiting).ToString());
        Assert.Equal(HttpStatusCode.OK, (await held).Status);
        Assert.Equal("first hold waiting", string.Join(' ', app.Ran));
        await Eventually.Async(() => app.Session.Running == 0, "all have left the session");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Waiting_LongerThanItMay_IsTurnedAway(int ingress)
    {
        await using var app = await TurnsApplication.StartAsync(
            await redis.ConfigurationAsync(), policy => policy.QueueTimeout = TimeSpan.FromMilliseconds(200));
        var held = await app.HoldAsync();

        AssertBusy(await app.GetAsync(ingress, "/run/waiting"));

        app.Release();
        Assert.Equal(HttpStatusCode.OK, (await held).Status);
        await app.NobodyIsThereAsync();
        Assert.Equal("first hold", string.Join(' ', app.Ran));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Client_ThatGoesWhileItWaits_LeavesTheLineAndTheSession(int ingress)
    {
        await using var app = await TurnsApplication.StartAsync(await redis.ConfigurationAsync());
        var held = await app.HoldAsync();
        using (var client = new HttpClient(new SocketsHttpHandler { UseCookies = false }))
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(app.Nodes[ingress].Address, "/run/gone"));
            request.Headers.Add("Cookie", app.Cookie);
            _ = client.SendAsync(request, Cancellation);
            await app.WaitingAsync(1);
        }

        await app.WaitingAsync(0);
        await Eventually.Async(() => app.Session.Running == 1, "it has left the session");
        app.Release();
        Assert.Equal(HttpStatusCode.OK, (await held).Status);
        Assert.Equal("200 next", (await app.GetAsync(ingress, "/run/next")).ToString());
        Assert.Equal("first hold next", string.Join(' ', app.Ran));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Client_ThatGoesWhileItsRequestRuns_LetsTheNextOneRunOnceItIsOver(int ingress)
    {
        await using var app = await TurnsApplication.StartAsync(await redis.ConfigurationAsync());
        Task<Answer> waiting;
        using (var client = new HttpClient(new SocketsHttpHandler { UseCookies = false }))
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(app.Nodes[ingress].Address, "/hold"));
            request.Headers.Add("Cookie", app.Cookie);
            _ = client.SendAsync(request, Cancellation);
            await Eventually.Async(() => app.Ran.Contains("hold"), "it runs");
            waiting = await app.WaitInLineAsync(ingress, "/run/next");
        }

        Assert.False(waiting.IsCompleted);
        app.Release();
        Assert.Equal("200 next", (await waiting).ToString());
        await app.NobodyIsThereAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Exception_GivesTheTurnBack(int ingress)
    {
        await using var app = await TurnsApplication.StartAsync(await redis.ConfigurationAsync());

        Assert.Equal(HttpStatusCode.InternalServerError, (await app.GetAsync(ingress, "/throw")).Status);

        Assert.Equal("200 next", (await app.GetAsync(ingress, "/run/next")).ToString());
        await app.NobodyIsThereAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task StreamOfEvents_ThatHasBegun_LetsOthersRun(int ingress)
    {
        await using var app = await TurnsApplication.StartAsync(await redis.ConfigurationAsync());
        using var events = await BeginAsync(app, ingress, "/events");

        Assert.Equal("200 beside", (await app.GetAsync(ingress, "/run/beside")).ToString());
        await Eventually.Async(() => app.Session.Running == 1, "the stream is still open");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task OtherResponse_ThatHasBegun_IsWaitedFor(int ingress)
    {
        await using var app = await TurnsApplication.StartAsync(await redis.ConfigurationAsync());
        using var large = await BeginAsync(app, ingress, "/large");

        var waiting = await app.WaitInLineAsync(ingress, "/run/after");

        Assert.False(waiting.IsCompleted);
        app.Release();
        Assert.Equal("200 after", (await waiting).ToString());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Response_ToAClientThatOnlyAskedForAWebSocket_IsWaitedFor(int ingress)
    {
        await using var app = await TurnsApplication.StartAsync(await redis.ConfigurationAsync());
        using var large = await BeginAsync(app, ingress, "/large",
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");

        var waiting = await app.WaitInLineAsync(ingress, "/run/after");

        app.Release();
        Assert.Equal("200 after", (await waiting).ToString());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task WebSocket_ThatIsOpen_LetsOthersRun(int ingress)
    {
        await using var app = await TurnsApplication.StartAsync(await redis.ConfigurationAsync());
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Cookie", app.Cookie);
        await socket.ConnectAsync(new UriBuilder(app.Nodes[ingress].Address) { Scheme = "ws", Path = "/socket" }.Uri, Cancellation);

        Assert.Equal("200 beside", (await app.GetAsync(ingress, "/run/beside")).ToString());
        await Eventually.Async(() => app.Session.Running == 1, "the socket is still open");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Endpoint_ThatIsExempt_RunsBeside(int ingress)
    {
        await using var app = await TurnsApplication.StartAsync(await redis.ConfigurationAsync());
        var held = await app.HoldAsync();

        Assert.Equal("200 beside", (await app.GetAsync(ingress, "/free/beside")).ToString());

        Assert.False(held.IsCompleted);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Endpoint_ThatIsSerialized_WaitsForItsLikeOnly(int ingress)
    {
        await using var app = await TurnsApplication.StartAsync(await redis.ConfigurationAsync(), policy => policy.OneAtATime = false);
        var held = await app.HoldAsync(ingress, "/serialized");

        Assert.Equal("200 beside", (await app.GetAsync(ingress, "/run/beside")).ToString());
        var waiting = await app.WaitInLineAsync(ingress, "/serialized/after");

        app.Release();
        Assert.Equal("200 after", (await waiting).ToString());
        Assert.Equal(HttpStatusCode.OK, (await held).Status);
    }

    [Fact]
    public async Task OtherSession_IsNotWaitedFor()
    {
        await using var app = await TurnsApplication.StartAsync(await redis.ConfigurationAsync());
        var held = await app.HoldAsync();

        Assert.Equal("200 other", (await app.Nodes[0].GetAsync("/run/other")).ToString());

        Assert.False(held.IsCompleted);
    }

    [Fact]
    public async Task Waiting_TakesNoPlaceAtTheNode()
    {
        await using var app = await TurnsApplication.StartAsync(
            await redis.ConfigurationAsync(), node: node => (node.MaxRequests, node.WhenFull) = (2, FullNodeBehavior.Shed));
        var held = await app.HoldAsync();
        var waiting = await app.WaitInLineAsync(0, "/run/waiting");

        Assert.Equal("200 other", (await app.Nodes[0].GetAsync("/run/other")).ToString());

        app.Release();
        Assert.Equal("200 waiting", (await waiting).ToString());
        Assert.Equal(HttpStatusCode.OK, (await held).Status);
    }

    [Fact]
    public async Task Request_ThatTheNodeSheds_GivesTheTurnBack()
    {
        await using var app = await TurnsApplication.StartAsync(
            await redis.ConfigurationAsync(), node: node => (node.MaxRequests, node.WhenFull) = (1, FullNodeBehavior.Shed));
        var other = await app.Nodes[0].GetAsync("/free/other");
        var held = app.Nodes[0].GetAsync("/hold", other.Cookie);
        await Eventually.Async(() => app.Ran.Contains("hold"), "the node is full");

        Assert.Contains("owner-full", (await app.GetAsync(0, "/run/shed")).Body, StringComparison.Ordinal);

        app.Release();
        Assert.Equal(HttpStatusCode.OK, (await held).Status);
        await app.NobodyIsThereAsync();
        Assert.Equal("200 next", (await app.GetAsync(1, "/run/next")).ToString());
    }

    /// <summary>A request whose response has begun, and goes on.</summary>
    private static async Task<RawRequest> BeginAsync(TurnsApplication app, int ingress, string path, string headers = "")
    {
        var request = await RawRequest.SendAsync(
            app.Nodes[ingress].Address, $"GET {path} HTTP/1.1\r\nHost: a\r\nCookie: {app.Cookie}\r\n{headers}\r\n", Cancellation);
        Assert.StartsWith("HTTP/1.1 200 ", await request.ReadUntilAsync("\r\n\r\n", Cancellation), StringComparison.Ordinal);
        return request;
    }

    private static void AssertBusy(Answer answer)
    {
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.Contains("\"reason\":\"session-busy\"", answer.Body, StringComparison.Ordinal);
        Assert.Equal(1, answer.RetryAfter);
    }
}
