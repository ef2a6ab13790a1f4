using StickySessions.Cluster;
using StickySessions.Redis;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>The nodes of one test, in a cluster of their own on a server that others use too.</summary>
internal sealed class RedisCluster(string configuration) : IAsyncDisposable
{
    private readonly List<RedisNode> _nodes = [];

    public FakeNetwork Network { get; } = new();

    public StickyRedisOptions Options { get; } = new()
    {
        Configuration = configuration,
        ClusterName = $"test-{Guid.NewGuid():n}",
        BeatInterval = TimeSpan.FromMilliseconds(100),
        Lease = TimeSpan.FromSeconds(2),
    };

    public RedisNode Node(string name, string? address = null)
    {
        var node = new RedisNode(Network, Options, name, address);
        _nodes.Add(node);
        return node;
    }

    public async Task<RedisNode> ActiveAsync(string name)
    {
        var node = Node(name);
        await node.JoinActiveAsync();
        return node;
    }

    /// <summary>Nodes that all see each other as active.</summary>
    public async Task<RedisNode[]> ActiveAsync(params string[] names)
    {
        var nodes = await Task.WhenAll(names.Select(ActiveAsync));
        await Eventually.TrueAsync(() => nodes.All(
            node => nodes.All(other => node.View.Find(other.Self.Tag)?.State == NodeState.Active)));
        return nodes;
    }

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
