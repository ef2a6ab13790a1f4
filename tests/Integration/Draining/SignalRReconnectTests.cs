using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Placement;

namespace StickySessions.Tests.Integration.Draining;

/// <summary>The official client reconnects by itself when its connection's owner stops, and finds its state.</summary>
public sealed class SignalRReconnectTests(RedisServerFixture redis)
{
    [Theory]
    [InlineData(HttpTransportType.WebSockets)]
    [InlineData(HttpTransportType.ServerSentEvents)]
    [InlineData(HttpTransportType.LongPolling)]
    public async Task Connection_WhoseOwnerStops_ReconnectsByItself(HttpTransportType transport)
    {
        await using var cluster = new PlacementCluster(await redis.ConfigurationAsync())
        {
            Configure = sticky =>
            {
                sticky.Services.AddSignalR();
                sticky.Services.AddStickySessionState();
            },
            Map = app =>
            {
                app.MapGet("/begin", (HttpContext context) => context.Session.SetInt32("count", 0));
                app.MapHub<CountingHub>("/counting");
            },
        };
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        var cookies = new CookieContainer();
        using var page = new HttpClient(new SocketsHttpHandler { CookieContainer = cookies });
        await page.GetStringAsync(new Uri(nodes[0].Address, "/begin"), TestContext.Current.CancellationToken);
        await using var hub = new HubConnectionBuilder()
            .WithUrl(new Uri(nodes[1].Address, "/counting"), transport, options => options.Cookies = cookies)
            .WithAutomaticReconnect()
            .Build();
        var reconnected = new TaskCompletionSource();
        var closed = new TaskCompletionSource<Exception?>();
        hub.Reconnected += _ =>
        {
            reconnected.TrySetResult();
            return Task.CompletedTask;
        };
        hub.Closed += why =>
        {
            closed.TrySetResult(why);
            return Task.CompletedTask;
        };
        await hub.StartAsync(TestContext.Current.CancellationToken);

        // By long polling a hub has a copy of its first request's context, in which there is no session.
        var question = transport == HttpTransportType.LongPolling ? "Node" : "Count";
        Assert.Matches("^web-1( 1)?$", await hub.InvokeAsync<string>(question, TestContext.Current.CancellationToken));

        await nodes[0].StopAsync();
        await Task.WhenAny(reconnected.Task, closed.Task).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.False(closed.Task.IsCompleted, $"Closed: {(closed.Task.IsCompleted ? await closed.Task : null)}");
        Assert.Matches(
            question == "Node" ? "^web-[23]$" : "^web-[23] 2$", await hub.InvokeAsync<string>(question, TestContext.Current.CancellationToken));
    }

    private sealed class CountingHub(IOptions<StickyNodeOptions> node) : Hub
    {
        public string Node() => node.Value.Name;

        public async Task<string> Count()
        {
            var context = Context.GetHttpContext()!;
            var count = (context.Session.GetInt32("count") ?? 0) + 1;
            context.Session.SetInt32("count", count);
            await context.Session.CommitAsync();
            return $"{context.Features.Get<IStickySessionFeature>()!.Owner} {count}";
        }
    }
}
