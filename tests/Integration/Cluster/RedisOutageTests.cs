using StickySessions.Cluster;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>A real server that stops, freezes, forgets and comes back.</summary>
public sealed class RedisOutageTests : RedisTestBase
{
    private RedisServerProcess _server = null!;

    protected override async Task<string> ConfigurationAsync()
    {
        _server = await RedisServerProcess.StartOrSkipAsync();
        return _server.Configuration;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_server is { } server)
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task StoppedAndStartedEmpty_ChangesNoTagAndNoKey()
    {
        var nodes = await ActiveAsync("web-1", "web-2", "web-3");
        var tags = nodes.Select(node => node.Self.Tag).ToArray();
        var key = nodes[0].Keys.Current.Current.Id;

        await _server.KillAsync();
        await Eventually.Async(() => nodes.All(node => node.Membership.Degradation is not null));
        Assert.All(nodes, node => Assert.Equal(3, node.View.Nodes.Length));
        await _server.StartAsync();

        await Eventually.Async(() => nodes.All(node => node.Membership.Degradation is null));
        Assert.Equal(tags, nodes.Select(node => node.Self.Tag));
        Assert.All(nodes, node => Assert.Equal(3, node.View.Nodes.Length));
        var newcomer = (await ActiveAsync("web-4"))[0];
        Assert.Equal(key, newcomer.Keys.Current.Current.Id);
        await Eventually.Async(() => nodes.All(node => node.View.Nodes.Length == 4));
    }

    [Fact]
    public async Task FrozenForLongerThanALease_NobodyIsGone()
    {
        Cluster.Options.Lease = TimeSpan.FromSeconds(2);
        var nodes = await ActiveAsync("web-1", "web-2", "web-3");
        var tags = nodes.Select(node => node.Self.Tag).ToArray();

        _server.Freeze();
        try
        {
            await Task.Delay(1.5 * Cluster.Options.Lease, TimeProvider.System, Cancellation);
            await Eventually.Async(() => nodes.All(node => node.Membership.Degradation is not null));
        }
        finally
        {
            _server.Thaw();
        }

        await Eventually.Async(() => nodes.All(node => node.Membership.Degradation is null));
        Assert.Equal(tags, nodes.Select(node => node.Self.Tag));
        Assert.All(nodes, node => Assert.Equal(3, node.View.Nodes.Length));
    }

    [Fact]
    public async Task AwayAtStart_JoinsInTheBackgroundWhenItIsThere()
    {
        await _server.KillAsync();
        var node = Cluster.RedisNode("web-1");

        await node.JoinAsync();
        await node.Membership.AnnounceAsync(NodeState.Active, publicAddress: null, Cancellation);

        Assert.False(node.Membership.IsJoined);
        Assert.Contains("Redis is away", node.Membership.Degradation, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => node.Keys.Current);
        await _server.StartAsync();
        await Eventually.Async(() => node.Membership.IsJoined);
        Assert.Equal(NodeState.Active, node.Self.State);
        Assert.NotNull(node.Keys.Current);
    }

    [Fact]
    public async Task FlushAll_WhileNodesBeat_KeepsEveryNodeInEveryView()
    {
        var nodes = await ActiveAsync("web-1", "web-2", "web-3");
        var tags = nodes.Select(node => node.Self.Tag).ToArray();
        var lost = 0;
        foreach (var node in nodes)
        {
            node.Membership.ViewChanged += view => Interlocked.Add(ref lost, tags.Count(tag => view.Find(tag) is null));
        }

        for (var round = 0; round < 5; round++)
        {
            var version = nodes.Max(node => node.View.Version);
            await nodes[0].Redis.Beats.GetDatabase().ExecuteAsync("FLUSHALL");
            await Eventually.Async(() => nodes.All(node => node.View.Version > version));
        }

        Assert.Equal(0, lost);
        Assert.Equal(tags, nodes.Select(node => node.Self.Tag));
    }

    [Fact]
    public async Task EvictionPolicyThatMayEvict_IsDegradedWithTheRemedy()
    {
        var nodes = await ActiveAsync("web-1");
        var database = nodes[0].Redis.Beats.GetDatabase();

        await database.ExecuteAsync("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
        await Eventually.Async(() => nodes[0].Membership.Degradation?.Contains("noeviction", StringComparison.Ordinal) == true);
        await database.ExecuteAsync("CONFIG", "SET", "maxmemory-policy", "noeviction");

        await Eventually.Async(() => nodes[0].Membership.Degradation is null);
    }
}
