using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Startup;

/// <summary>What balancers and clients see while a node comes, goes, or is without its Redis.</summary>
public sealed class ReadinessTests
{
    [Fact]
    public async Task Readiness_WhileStartingAndDraining_Is503()
    {
        var gate = new LifetimeGate();
        await using var app = TestApp.Create(new TestAppSetup
        {
            // Registered first: it is the first to be told of the start and the last to be told of the stop.
            BeforeAdd = builder => builder.Services.AddSingleton<IHostedService>(gate),
        });

        var starting = app.StartAsync();
        await gate.Started.Reached;
        AssertIs(HttpStatusCode.ServiceUnavailable, "starting", await app.GetAsync("/ready"));

        gate.Started.Open();
        await starting;
        AssertIs(HttpStatusCode.OK, "Healthy", await app.GetAsync("/ready"));

        var stopping = app.StopAsync();
        await gate.Stopping.Reached;
        AssertIs(HttpStatusCode.ServiceUnavailable, "drains", await app.GetAsync("/ready"));
        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync("/session")).Status);

        gate.Stopping.Open();
        await stopping;
    }

    [Fact]
    public async Task Redis_GoneAndBack_DegradesAndHeals()
    {
        await using var redis = await RedisServerProcess.StartOrSkipAsync();
        await using var app = await TestApp.StartAsync(OnRedis(redis));
        var cookie = (await app.GetAsync("/session")).Cookie;
        AssertIs(HttpStatusCode.OK, "Healthy", await app.GetAsync("/ready"));

        await redis.KillAsync();
        await EventuallyReadinessAsync(app, "Degraded");
        AssertIs(HttpStatusCode.OK, "Redis", await app.GetAsync("/ready"));
        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync("/session", cookie)).Status);

        await redis.StartAsync();
        await EventuallyReadinessAsync(app, "Healthy");
    }

    [Fact]
    public async Task Node_StartedWhileRedisIsAway_JoinsWhenItComesUp()
    {
        await using var redis = await RedisServerProcess.StartOrSkipAsync();
        await redis.KillAsync();

        await using var app = await TestApp.StartAsync(OnRedis(redis));

        AssertIs(HttpStatusCode.ServiceUnavailable, "Redis", await app.GetAsync("/ready"));
        AssertIs(HttpStatusCode.OK, "plain", await app.GetAsync("/plain"));
        await AssertNotJoinedAsync(app, cookie: null);
        // A client that was here before the restart.
        await AssertNotJoinedAsync(app, $".StickySession={new string('A', 80)}");

        await redis.StartAsync();
        await EventuallyReadinessAsync(app, "Healthy");
        var begun = await app.GetAsync("/session");
        Assert.Equal(begun.Body, (await app.GetAsync("/session", begun.Cookie)).Body);
    }

    private static async Task AssertNotJoinedAsync(TestApp app, string? cookie)
    {
        var refused = await app.GetAsync("/session", cookie);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "application/problem+json"), (refused.Status, refused.ContentType));
        using var problem = JsonDocument.Parse(refused.Body);
        Assert.Equal("not-joined", problem.RootElement.GetProperty("reason").GetString());
        Assert.Null(refused.SetCookie);
    }

    private static TestAppSetup OnRedis(RedisServerProcess redis) => new()
    {
        Sticky = new()
        {
            ["Interconnect:Url"] = "http://127.0.0.1:0",
            ["Redis:Configuration"] = redis.Configuration,
            ["Redis:BeatInterval"] = "00:00:00.100",
            ["Redis:Lease"] = "00:00:01",
        },
    };

    private static Task EventuallyReadinessAsync(TestApp app, string status) => Eventually.Async(
        async () => (await app.GetAsync("/ready")).Body.StartsWith(status, StringComparison.Ordinal), $"readiness is {status}");

    private static void AssertIs(HttpStatusCode status, string words, Answer answer)
    {
        Assert.Contains(words, answer.Body, StringComparison.Ordinal);
        Assert.Equal(status, answer.Status);
    }

    /// <summary>Holds the host between two steps of its life.</summary>
    private sealed class LifetimeGate : IHostedLifecycleService
    {
        public Gate Started { get; } = new();

        public Gate Stopping { get; } = new();

        public Task StartedAsync(CancellationToken cancellationToken) => Started.PassAsync();

        public Task StoppingAsync(CancellationToken cancellationToken) => Stopping.PassAsync();

        public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class Gate
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Reached => _reached.Task.WaitAsync(TestContext.Current.CancellationToken);

        public void Open() => _open.SetResult();

        public Task PassAsync()
        {
            _reached.SetResult();
            return _open.Task.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);
        }
    }
}
