using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Redis;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>
/// What membership costs Redis when there are many nodes. They share one connection and are otherwise as in an application;
/// <c>benchmarks -- nodes 1000</c> does the same at size.
/// </summary>
[Collection(nameof(Performance.Alone))]
public sealed class ManyNodesTests : IAsyncLifetime
{
    private const int Count = 80;
    private const int WholeView = Count * 180; // bytes, at least

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    private readonly FakeNetwork _network = new();
    private readonly List<RedisMembership> _nodes = [];
    private RedisServerProcess _server = null!;
    private ScriptCounter _counter = null!;
    private RedisConnections _redis = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await RedisServerProcess.StartOrSkipAsync();
        _counter = await ScriptCounter.ConnectAsync(_server);
        var options = Options.Create(new StickyRedisOptions { Configuration = _server.Configuration, BeatInterval = Beat, Lease = TimeSpan.FromMinutes(2) });
        _redis = new RedisConnections(options);
        for (var i = 0; i < Count; i++)
        {
            _nodes.Add(new RedisMembership(
                _redis, new RedisClusterKeys(_redis), _network.ClientOf($"web-{i}"), options, TimeProvider.System, NullLogger<RedisMembership>.Instance));
        }

        await Task.WhenAll(_nodes.Select((node, i) => JoinAsync(node, i)));
        await Eventually.Async(() => _nodes.All(node => node.View.Nodes.Length == Count && node.View.Nodes.All(other => other.State == NodeState.Active)));
        await PassAsync(2 * Beat);
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_nodes.Select(node => node.DisposeAsync().AsTask()));
        await _redis.DisposeAsync();
        await _counter.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task SteadyState_OneScriptABeatAndAShortAnswer()
    {
        var before = await _counter.ReadAsync();
        await PassAsync(6 * Beat);
        var work = await _counter.ReadAsync() - before;

        Assert.InRange(work.Beats, 2 * Count, 7 * Count);
        Assert.Equal(work.Beats, work.Scripts);
        Assert.InRange(work.BytesOut / work.Beats, 0, WholeView / 10);
    }

    [Fact]
    public async Task OneNodeDrains_AllKnowWithinThreeBeatsOfEachAndOnlyTheChangeTravels()
    {
        var before = await _counter.ReadAsync();
        var drains = _nodes[0];
        await drains.AnnounceAsync(NodeState.Draining, publicAddress: null, Cancellation);
        await Eventually.Async(() => _nodes.All(node => node.View.Find(drains.Self.Tag)!.State == NodeState.Draining));
        var work = await _counter.ReadAsync() - before;

        Assert.InRange(work.Scripts, 1, 3 * Count);
        Assert.InRange(work.BytesOut, 0, Count * WholeView / 10);
    }

    [Fact]
    public async Task Flush_TheViewIsRebuiltOnceAndNotByEach()
    {
        var before = await _counter.ReadAsync();
        var version = _nodes[0].View.Version;
        await _counter.Server.FlushAllDatabasesAsync();
        await Eventually.Async(() => _nodes.All(node => node.View.Version > version));
        Assert.All(_nodes, node => Assert.Equal(Count, node.View.Nodes.Length));

        // A whole view more or less is one that was on its way.
        var work = await _counter.ReadAsync() - before;
        Assert.InRange(work.BytesOut, 0, Count * WholeView / 4);
    }

    private static Task PassAsync(TimeSpan time)
    {
        var began = Stopwatch.GetTimestamp();
        return Eventually.Async(() => Stopwatch.GetElapsedTime(began) > time, "time passes");
    }

    private async Task JoinAsync(RedisMembership node, int number)
    {
        var address = new Uri($"http://10.0.0.{number}:46001");
        _network.Listen(address, node);
        await node.JoinAsync(new Node { Tag = default, Name = $"web-{number}", Address = address }, Cancellation);
        await node.AnnounceAsync(NodeState.Active, new Uri($"http://10.0.0.{number}:8080"), Cancellation);
    }
}
