using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Ownership;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Fencing;

/// <summary>Another node takes a session over while requests run in it: they end, and their clients can tell.</summary>
public sealed class LostSessionTests(GarnetServerFixture redis) : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpClient _client = new(new SocketsHttpHandler { UseCookies = false });
    private readonly TaskCompletionSource<CancellationToken> _began = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Exception?> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private StickyTestCluster _cluster = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _cluster = await StickyTestCluster.StartAsync(new StickyTestClusterOptions
    {
        Redis = await redis.ConfigurationAsync(),
        AfterSticky = app =>
        {
            app.UseWebSockets();
            app.MapGet("/wait", context => RunAsync(context, _ => Task.CompletedTask));
            app.MapGet("/stream", context => RunAsync(context, response => response.WriteAsync("first")));
            app.Map("/socket", async Task (HttpContext context) =>
            {
                using var socket = await context.WebSockets.AcceptWebSocketAsync();
                _began.SetResult(context.RequestAborted);
                _ended.SetResult(await Record.ExceptionAsync(async () => await socket.ReceiveAsync(new byte[16], CancellationToken.None)));
            });
        },
    });

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _cluster.DisposeAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task RunningRequest_IsCancelledAndNotAnsweredWell(int ingress)
    {
        var cookie = await _cluster[0].StartSessionAsync();
        var sending = _client.SendAsync(Request(ingress, "/wait", cookie), Cancellation);
        await _began.Task.WaitAsync(Patience, Cancellation);

        Lose();

        Assert.IsAssignableFrom<OperationCanceledException>(await _ended.Task.WaitAsync(Patience, Cancellation));
        if (ingress == 0)
        {
            await Assert.ThrowsAsync<HttpRequestException>(() => sending.WaitAsync(Patience, Cancellation));
        }
        else
        {
            using var answer = await sending;
            Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
            Assert.Contains("owner-lost", await answer.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Stream_IsAborted(int ingress)
    {
        var cookie = await _cluster[0].StartSessionAsync();
        using var answer = await _client.SendAsync(Request(ingress, "/stream", cookie), HttpCompletionOption.ResponseHeadersRead, Cancellation);
        await using var stream = await answer.Content.ReadAsStreamAsync(Cancellation);
        await stream.ReadExactlyAsync(new byte["first".Length], Cancellation);

        Lose();

        await Assert.ThrowsAnyAsync<IOException>(() => stream.ReadAsync(new byte[1], Cancellation).AsTask().WaitAsync(Patience, Cancellation));
        Assert.IsAssignableFrom<OperationCanceledException>(await _ended.Task.WaitAsync(Patience, Cancellation));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task WebSocket_IsAborted(int ingress)
    {
        var cookie = await _cluster[0].StartSessionAsync();
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Cookie", cookie);
        await socket.ConnectAsync(new UriBuilder(_cluster[ingress].Http) { Scheme = "ws", Path = "/socket" }.Uri, Cancellation);
        await _began.Task.WaitAsync(Patience, Cancellation);

        Lose();

        await Assert.ThrowsAsync<WebSocketException>(() => socket.ReceiveAsync(new byte[16], Cancellation).WaitAsync(Patience, Cancellation));
        Assert.NotNull(await _ended.Task.WaitAsync(Patience, Cancellation));
    }

    [Fact]
    public async Task RequestThatIsOver_IsForgotten_AndTheNextOneOnItsConnectionIsNotAborted()
    {
        var lost = await _cluster[0].StartSessionAsync();
        using (var over = await _client.SendAsync(Request(0, StickyTestNode.SessionPath, lost), Cancellation))
        {
            Assert.Equal(HttpStatusCode.NoContent, over.StatusCode);
        }

        var held = _cluster[0].Services.GetRequiredService<HeldSessions>();
        var old = Assert.Single(held.All());
        var other = await _cluster[0].StartSessionAsync();
        var sending = _client.SendAsync(Request(0, "/stream", other), HttpCompletionOption.ResponseHeadersRead, Cancellation);
        var aborted = await _began.Task.WaitAsync(Patience, Cancellation);
        await Eventually.Async(() => old.Running == 0);

        held.Drop(old);

        using var answer = await sending;
        Assert.False(aborted.IsCancellationRequested);
        Assert.Equal(0, old.Requests.AbortAll());
    }

    private void Lose()
    {
        var held = _cluster[0].Services.GetRequiredService<HeldSessions>();
        held.Drop(Assert.Single(held.All(), session => session.Running == 1));
    }

    private async Task RunAsync(HttpContext context, Func<HttpResponse, Task> beginAsync)
    {
        await beginAsync(context.Response);
        _began.SetResult(context.RequestAborted);
        _ended.SetResult(await Record.ExceptionAsync(() => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted)));
    }

    private HttpRequestMessage Request(int ingress, string path, string cookie)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_cluster[ingress].Http, path));
        request.Headers.Add("Cookie", cookie);
        return request;
    }
}
