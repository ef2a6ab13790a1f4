using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Placement;

namespace StickySessions.Tests.Integration.OneAtATime;

/// <summary>Two nodes, at the first of which a session lives, and what ran there.</summary>
internal sealed class TurnsApplication : IAsyncDisposable
{
    private readonly HttpClient _own = new(new SocketsHttpHandler { UseCookies = false });
    private readonly HttpClient _untraced = new(new SocketsHttpHandler { UseCookies = false, ActivityHeadersPropagator = null });
    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PlacementCluster _cluster = null!;
    private int _running;

    public PlacementNode[] Nodes { get; private set; } = [];

    public string Cookie { get; private set; } = "";

    /// <summary>The names of the requests that ran, in the order in which they began.</summary>
    public ConcurrentQueue<string> Ran { get; } = new();

    /// <summary>How many ran at a time, at most.</summary>
    public int Most { get; private set; }

    public HeldSession Session => Nodes[0].Held.All().Single();

    private SessionTurns Turns => Nodes[0].Services.GetRequiredService<SessionTurns>();

    public static async Task<TurnsApplication> StartAsync(
        string? redis, Action<StickyPolicyOptions>? policy = null, Action<StickyNodeOptions>? node = null, Action<IStickySessionsBuilder>? more = null)
    {
        var application = new TurnsApplication();
        application._cluster = new PlacementCluster(redis)
        {
            Configure = sticky =>
            {
                sticky.ConfigurePolicy(options =>
                {
                    options.OneAtATime = true;
                    policy?.Invoke(options);
                });
                sticky.ConfigureNode(node ?? (_ => { }));
                more?.Invoke(sticky);
            },
            Map = application.Map,
        };
        application.Nodes = await application._cluster.StartAsync("web-1", "web-2");
        application.Cookie = (await application.Nodes[0].GetAsync("/free/first")).Cookie!;
        return application;
    }

    public Task<Answer> GetAsync(int ingress, string path) => Nodes[ingress].GetAsync(path, Cookie);

    /// <summary>One that runs until <see cref="Release"/>.</summary>
    public async Task<Task<Answer>> HoldAsync(int ingress = 0, string path = "/hold")
    {
        var before = Volatile.Read(ref _running);
        var held = GetAsync(ingress, path);
        await Eventually.Async(() => Volatile.Read(ref _running) == before + 1, "the request runs");
        return held;
    }

    /// <summary>One more that waits for its turn.</summary>
    public async Task<Task<Answer>> WaitInLineAsync(int ingress, string path)
    {
        var before = Turns.Waiting;
        var waiting = GetAsync(ingress, path);
        await WaitingAsync(before + 1);
        return waiting;
    }

    public Task WaitingAsync(int requests) => Eventually.Async(() => Turns.Waiting == requests, $"{requests} wait");

    public void Release() => _release.TrySetResult();

    /// <summary>Nothing is left of all the turns.</summary>
    public Task NobodyIsThereAsync() => Eventually.Async(() => Turns.Sessions == 0 && Turns.Waiting == 0, "all turns are given back");

    public async ValueTask DisposeAsync()
    {
        Release();
        _own.Dispose();
        _untraced.Dispose();
        await _cluster.DisposeAsync();
    }

    private void Map(WebApplication app)
    {
        app.UseWebSockets();
        app.MapGet("/run/{name}", (string name) => RunAsync(name, Task.CompletedTask));
        app.MapGet("/hold", () => RunAsync("hold", _release.Task));
        app.MapGet("/free/{name}", (string name) => RunAsync(name, Task.CompletedTask)).SerializeStickySession(false);
        app.MapGet("/serialized/{name}", (string name) => RunAsync(name, Task.CompletedTask)).SerializeStickySession();
        app.MapGet("/serialized", () => RunAsync("hold", _release.Task)).SerializeStickySession();
        app.MapGet("/throw", string () => throw new InvalidOperationException("the application fails"));
        app.MapGet("/end", async (HttpContext context) =>
        {
            await RunAsync("end", _release.Task);
            context.Features.GetRequiredFeature<IStickySessionFeature>().End();
        });
        app.MapGet("/events", async (HttpContext context) =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.Body.FlushAsync();
            await _release.Task;
        });
        app.MapGet("/large", async (HttpContext context) =>
        {
            await context.Response.WriteAsync("begins");
            await context.Response.Body.FlushAsync();
            await _release.Task;
        });
        app.MapGet("/socket", async (HttpContext context) =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await _release.Task;
        });
        app.MapGet("/call", async (HttpContext context, string url, string? cookie, bool traced = true) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.Add("Cookie", cookie ?? context.Request.Headers.Cookie.ToString());
            using var answer = await (traced ? _own : _untraced).SendAsync(request, context.RequestAborted);
            return $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}";
        });
    }

    private async Task<string> RunAsync(string name, Task until)
    {
        lock (Ran)
        {
            Most = Math.Max(Most, ++_running);
            Ran.Enqueue(name);
        }

        await Task.Yield();
        await until;
        lock (Ran)
        {
            _running--;
        }

        return name;
    }
}
