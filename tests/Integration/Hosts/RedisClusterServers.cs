using System.Globalization;
using System.Net;
using StackExchange.Redis;

namespace StickySessions.Tests.Integration.Hosts;

/// <summary>Redis Cluster: three masters that share the slots.</summary>
internal sealed class RedisClusterServers : IAsyncDisposable
{
    private const int Slots = 16384;

    private readonly RedisServerProcess[] _masters;

    private RedisClusterServers(RedisServerProcess[] masters) => _masters = masters;

    public IReadOnlyList<RedisServerProcess> Masters => _masters;

    public string Configuration => string.Join(',', _masters.Select(master => $"127.0.0.1:{master.Port}")) + ",abortConnect=false";

    public static Task<RedisClusterServers> StartOrSkipAsync() => FreePort.RetryAsync(async () =>
    {
        var ports = Enumerable.Range(0, 3).Select(_ => FreePort.Next()).ToArray();
        var servers = new RedisClusterServers(await Task.WhenAll(ports.Select(StartMasterAsync)));
        try
        {
            await servers.MeetAsync(ports);
            return servers;
        }
        catch
        {
            await servers.DisposeAsync();
            throw;
        }
    });

    public async ValueTask DisposeAsync()
    {
        foreach (var master in _masters)
        {
            await master.DisposeAsync();
        }
    }

    private static Task<RedisServerProcess> StartMasterAsync(int busPort) => RedisServerProcess.StartOrSkipAsync(
        "--cluster-enabled", "yes",
        "--cluster-port", busPort.ToString(CultureInfo.InvariantCulture),
        "--cluster-node-timeout", "5000");

    private async Task MeetAsync(int[] busPorts)
    {
        var connections = await Task.WhenAll(_masters.Select(master => ConnectionMultiplexer.ConnectAsync($"{master.Configuration},allowAdmin=true")));
        var servers = connections.Zip(_masters, (connection, master) => connection.GetServer(IPAddress.Loopback, master.Port)).ToArray();
        for (var i = 0; i < servers.Length; i++)
        {
            await servers[i].ExecuteAsync("CLUSTER", "SET-CONFIG-EPOCH", i + 1);
            await servers[i].ExecuteAsync("CLUSTER", "ADDSLOTSRANGE", i * Slots / 3, ((i + 1) * Slots / 3) - 1);
            await servers[0].ExecuteAsync("CLUSTER", "MEET", "127.0.0.1", _masters[i].Port, busPorts[i]);
        }

        await Eventually.Async(async () => (await Task.WhenAll(servers.Select(IsCompleteAsync))).All(complete => complete), "the masters know each other");
        foreach (var connection in connections)
        {
            await connection.DisposeAsync();
        }
    }

    private static async Task<bool> IsCompleteAsync(IServer server)
    {
        var info = (string)(await server.ExecuteAsync("CLUSTER", "INFO"))!;
        return info.Contains("cluster_state:ok", StringComparison.Ordinal)
            && info.Contains("cluster_known_nodes:3", StringComparison.Ordinal)
            && info.Contains("cluster_slots_ok:16384", StringComparison.Ordinal);
    }
}

/// <summary>One Redis Cluster for all tests.</summary>
public sealed class RedisClusterFixture : IRedisServer, IAsyncDisposable
{
    private readonly Lazy<Task<RedisClusterServers>> _servers = new(RedisClusterServers.StartOrSkipAsync);

    public async Task<string> ConfigurationAsync() => (await _servers.Value).Configuration;

    public async ValueTask DisposeAsync()
    {
        if (_servers is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
        {
            await (await _servers.Value).DisposeAsync();
        }
    }
}
