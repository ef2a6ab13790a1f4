using StackExchange.Redis;
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

    /// <summary>Nodes that all see each other as active.</summary>
    public async Task<RedisNode[]> RedisNodesAsync(params string[] names) => [.. (await this.ActiveAsync(names)).Cast<RedisNode>()];

    TestNode ITestCluster.Node(string name) => RedisNode(name);

    TestNode ITestCluster.Duplicate(string name) => RedisNode(name);

    /// <summary>What FLUSHALL does to this cluster.</summary>
    public async Task FlushAsync(RedisNode through) => await through.Redis.Beats.GetDatabase().KeyDeleteAsync(
        [.. ViewKeys.All(through.Redis), through.Redis.Key("keys")]);

    /// <summary>Remembers the view as Redis has it now. What it returns sets it back, as a failover to a replica that was behind does.</summary>
    public static async Task<Func<Task>> RememberAsync(RedisNode through)
    {
        var database = through.Redis.Beats.GetDatabase();
        var keys = ViewKeys.All(through.Redis);
        var hashes = new Dictionary<RedisKey, HashEntry[]>();
        var sets = new Dictionary<RedisKey, SortedSetEntry[]>();
        foreach (var key in keys)
        {
            switch (await database.KeyTypeAsync(key))
            {
                case RedisType.Hash:
                    hashes[key] = await database.HashGetAllAsync(key);
                    break;
                case RedisType.SortedSet:
                    sets[key] = await database.SortedSetRangeByRankWithScoresAsync(key);
                    break;
            }
        }

        return async () =>
        {
            var transaction = database.CreateTransaction();
            _ = transaction.KeyDeleteAsync(keys);
            foreach (var (key, entries) in hashes)
            {
                _ = transaction.HashSetAsync(key, entries);
            }

            foreach (var (key, entries) in sets)
            {
                _ = transaction.SortedSetAddAsync(key, entries);
            }

            Assert.True(await transaction.ExecuteAsync());
        };
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }
}
