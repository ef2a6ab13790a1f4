using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.State;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Placement;

namespace StickySessions.Tests.Integration.State;

/// <summary>Memory that the application owns moves with its session.</summary>
public sealed class ApplicationMemoryTests(RedisServerFixture redis)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task NodeThatStops_HandsItOver(bool inRedis)
    {
        await using var cluster = Cluster(inRedis ? await redis.ConfigurationAsync() : null);
        var nodes = await cluster.StartAsync("web-1", "web-2");
        using var client = new StateClient();
        Assert.Equal("1", await client.PostAsync(nodes[0], "/game"));
        Assert.Equal("2", await client.PostAsync(nodes[1], "/game"));

        await nodes[0].StopAsync();

        Assert.Equal("3", await client.PostAsync(nodes[1], "/game"));
        Assert.Equal("3", await client.GetAsync(nodes[1], "/values/game"));
    }

    [Fact]
    public async Task NodeThatIsKilled_WithAnExportInterval_LosesNoMoreThanThat()
    {
        await using var cluster = Cluster(await redis.ConfigurationAsync(), TimeSpan.FromSeconds(1));
        var nodes = await cluster.StartAsync("web-1", "web-2");
        using var client = new StateClient();
        await client.PostAsync(nodes[0], "/game");
        await Eventually.Async(() => nodes[0].Held.All().Single().Memory is { Stored: > 0 }, "it was exported and stored");

        await nodes[0].KillAsync();

        Assert.Equal("2", await client.PostAsync(nodes[1], "/game"));
    }

    [Fact]
    public async Task Session_ThatIsGone_IsForgotten()
    {
        await using var cluster = Cluster(redis: null);
        var nodes = await cluster.StartAsync("web-1", "web-2");
        using var client = new StateClient();
        await client.PostAsync(nodes[0], "/game");
        var games = nodes[0].Services.GetRequiredService<Games>();
        Assert.Single(games.Moves);

        var held = nodes[0].Held;
        held.Forget(held.All().Single());

        Assert.Empty(games.Moves);
    }

    private static PlacementCluster Cluster(string? redis, TimeSpan? interval = null) => new(redis)
    {
        Configure = sticky =>
        {
            sticky.Services.AddStickySessionState(state => state.ExportInterval = interval);
            sticky.Services.AddSingleton<Games>();
            sticky.Services.AddSingleton<ISessionMemoryHandler>(services => services.GetRequiredService<Games>());
        },
        Map = app =>
        {
            app.MapPost("/game", (HttpContext context, Games games) =>
            {
                var moves = games.Move(context.Features.Get<IStickySessionFeature>()!.SessionId);
                return moves.ToString(CultureInfo.InvariantCulture);
            });
            app.MapGet("/values/game", (HttpContext context, Games games) =>
                games.Moves[context.Features.Get<IStickySessionFeature>()!.SessionId].ToString(CultureInfo.InvariantCulture));
        },
    };

    /// <summary>Games that an application keeps in a dictionary of its own.</summary>
    private sealed class Games : ISessionMemoryHandler
    {
        public ConcurrentDictionary<string, int> Moves { get; } = new();

        public string Name => "game";

        public int Move(string session) => Moves.AddOrUpdate(session, 1, (_, moves) => moves + 1);

        public ValueTask<byte[]?> ExportAsync(string sessionId, CancellationToken cancellationToken)
            => new(Moves.TryGetValue(sessionId, out var moves) ? Encoding.ASCII.GetBytes(moves.ToString(CultureInfo.InvariantCulture)) : null);

        public ValueTask ImportAsync(string sessionId, ReadOnlyMemory<byte> memory, CancellationToken cancellationToken)
        {
            Moves[sessionId] = int.Parse(memory.Span, NumberStyles.None, CultureInfo.InvariantCulture);
            return ValueTask.CompletedTask;
        }

        public void Forget(string sessionId) => Moves.TryRemove(sessionId, out _);
    }
}
