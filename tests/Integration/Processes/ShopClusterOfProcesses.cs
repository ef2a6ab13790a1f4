using System.Collections.Immutable;
using StackExchange.Redis;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Processes;

/// <summary>Nodes of the shop, each a process, that form one cluster in one Redis.</summary>
internal sealed class ShopClusterOfProcesses : IAsyncDisposable
{
    private readonly RedisServerProcess _redis;

    private ShopClusterOfProcesses(RedisServerProcess redis) => _redis = redis;

    public ImmutableArray<ShopNodeProcess> Nodes { get; private set; } = [];

    public static async Task<ShopClusterOfProcesses> StartAsync(RedisServerProcess redis, int nodes)
    {
        var cluster = new ShopClusterOfProcesses(redis);
        for (var number = 1; number <= nodes; number++)
        {
            await cluster.AddAsync($"web-{number}");
        }

        return cluster;
    }

    public async Task AddAsync(string name) => Nodes = Nodes.Add(await StartNodeAsync(name));

    /// <summary>Starts a node again that has ended, on another port: a restarted process is a new node.</summary>
    public async Task RestartAsync(string name)
    {
        var old = Nodes.Single(node => node.Name == name);
        var restarted = await StartNodeAsync(name);
        Nodes = Nodes.Replace(old, restarted);
        await old.DisposeAsync();
    }

    /// <summary>Waits until Redis knows so many live nodes again.</summary>
    public async Task WaitUntilAllSeeAsync(int nodes)
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync(_redis.Configuration);
        await Eventually.Async(
            async () => await connection.GetDatabase().SortedSetLengthAsync("{sticky}:view:leases") == nodes,
            $"Redis knows {nodes} nodes");
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(Nodes.Select(node => node.DisposeAsync().AsTask()));

    private Task<ShopNodeProcess> StartNodeAsync(string name) => ShopNodeProcess.StartAsync(name, "--redis", $"127.0.0.1:{_redis.Port}");
}
