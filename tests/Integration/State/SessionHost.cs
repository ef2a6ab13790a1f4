using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Tests.Integration.Placement;

namespace StickySessions.Tests.Integration.State;

/// <summary>One node that runs what the test says with <c>HttpContext.Session</c>, and its client.</summary>
internal sealed class SessionHost : IAsyncDisposable
{
    private readonly PlacementCluster _cluster;
    private Func<HttpContext, Task> _run = _ => Task.CompletedTask;
    private Exception? _failed;

    private SessionHost(string? redis, Action<IStickySessionsBuilder>? configure, Action<WebApplication>? map) => _cluster = new PlacementCluster(redis)
    {
        Configure = sticky =>
        {
            sticky.Services.AddStickySessionState(state => state.Add("basket", StateJson.Default.Basket));
            configure?.Invoke(sticky);
        },
        Map = app =>
        {
            map?.Invoke(app);
            app.Map("/run", RunAsync);
            app.Map("/not-sticky", RunAsync).DisableStickySession();
        },
    };

    public PlacementNode Node { get; private set; } = null!;

    public StateClient Client { get; } = new();

    /// <param name="useSession">Whether the application still has the stock session's middleware behind.</param>
    public static Task<SessionHost> StartAsync(bool useSession)
        => useSession ? StartAsync(null, AddStockSession, app => app.UseSession()) : StartAsync(redis: null);

    public static async Task<SessionHost> StartAsync(string? redis, Action<IStickySessionsBuilder>? configure = null, Action<WebApplication>? map = null)
    {
        var host = new SessionHost(redis, configure, map);
        host.Node = (await host._cluster.StartAsync("web-1"))[0];
        return host;
    }

    public static void AddStockSession(IStickySessionsBuilder sticky)
    {
        sticky.Services.AddDistributedMemoryCache();
        sticky.Services.AddSession();
    }

    /// <summary>Runs it in a request of the client's session. What it asserts fails the test.</summary>
    public async Task<HttpResponseMessage> RunAsync(Func<HttpContext, Task> run, string path = "/run")
    {
        (_run, _failed) = (run, null);
        var response = await Client.SendAsync(HttpMethod.Get, Node, path);
        return _failed is null ? response : throw new InvalidOperationException("What ran in the request failed.", _failed);
    }

    public Task<HttpResponseMessage> RunAsync(Action<ISession> run, string path = "/run") => RunAsync(
        context =>
        {
            run(context.Session);
            return Task.CompletedTask;
        },
        path);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _cluster.DisposeAsync();
    }

    private async Task RunAsync(HttpContext context)
    {
        try
        {
            await _run(context);
        }
        catch (Exception failed)
        {
            _failed = failed;
            throw;
        }
    }
}
