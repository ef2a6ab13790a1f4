using System.Collections.Immutable;
using StackExchange.Redis;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Processes;

/// <summary>Nodes of the shop, each a process, that form a cluster of their own in a Redis that others may use too.</summary>
internal sealed class ShopClusterOfProcesses : IAsyncDisposable
{
    private readonly string _clusterName = $"shop-{Guid.NewGuid():N}";
    private readonly string _redis;

    private readonly (string Name, string Value)[] _environment;

    private ShopClusterOfProcesses(string redis, (string Name, string Value)[] environment)
    {
        _redis = redis;
        _environment = environment;
    }

    public ImmutableArray<ShopNodeProcess> Nodes { get; private set; } = [];

    /// <param name="redis">The connection string.</param>
    /// <param name="nodes">How many: web-1, web-2 and so on, all started at once.</param>
    /// <param name="environment">What the environment of each node says besides what this one's does.</param>
    public static async Task<ShopClusterOfProcesses> StartAsync(string redis, int nodes, params (string Name, string Value)[] environment)
    {
        var cluster = new ShopClusterOfProcesses(redis, environment);
        var starts = Enumerable.Range(1, nodes).Select(number => cluster.StartNodeAsync($"web-{number}")).ToArray();
        try
        {
            cluster.Nodes = [.. await Task.WhenAll(starts)];
            return cluster;
        }
        catch
        {
            cluster.Nodes = [.. starts.Where(start => start.IsCompletedSuccessfully).Select(start => start.Result)];
            await cluster.DisposeAsync();
            throw;
        }
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
        await using var connection = await ConnectionMultiplexer.ConnectAsync(_redis);
        await Eventually.Async(
            async () => await connection.GetDatabase().SortedSetLengthAsync($"{{{_clusterName}}}:view:leases") == nodes,
            $"Redis knows {nodes} nodes");
    }

    /// <summary>FLUSHALL: nothing is left, and Redis did not even go away.</summary>
    public async Task FlushRedisAsync()
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync(_redis + ",allowAdmin=true");
        await connection.GetDatabase().ExecuteAsync("FLUSHALL");
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(Nodes.Select(node => node.DisposeAsync().AsTask()));

    private Task<ShopNodeProcess> StartNodeAsync(string name) => ShopNodeProcess.StartAsync(name, _redis, _clusterName, _environment);
}
