using StickySessions.Cluster;
using StickySessions.Redis;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>The nodes of one test, in a cluster of their own on a server that others use too.</summary>
internal sealed class RedisCluster(string configuration) : ITestCluster
{
    private readonly List<RedisNode> _nodes = [];

    public FakeNetwork Network { get; } = new();

    public StickyRedisOptions Options { get; } = new()
    {
        Configuration = configuration,
        ClusterName = $"test-{Guid.NewGuid():n}",
        BeatInterval = TimeSpan.FromMilliseconds(100),

        // So long that what a test waits for does not happen because a lease ended. Tests of leases set less.
        Lease = TimeSpan.FromSeconds(60),
    };

    public RedisNode RedisNode(string name)
    {
        var node = new RedisNode(Network, Options, name);
        _nodes.Add(node);
        return node;
    }

    TestNode ITestCluster.Node(string name) => RedisNode(name);

    TestNode ITestCluster.Duplicate(string name) => RedisNode(name);

    /// <summary>What FLUSHALL does to this cluster.</summary>
    public async Task FlushAsync(RedisNode through) => await through.Redis.Beats.GetDatabase().KeyDeleteAsync(
        [.. ViewKeys.All(through.Redis), through.Redis.Key("keys")]);

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }
}
