using System.Net;
using StackExchange.Redis;

namespace StickySessions.Tests.Integration.Hosts;

/// <summary>A master, its replica, and a Sentinel that puts the one in the place of the other.</summary>
internal sealed class SentinelServers : IAsyncDisposable
{
    private const string Service = "sticky-master";

    private readonly RedisServerProcess _first;
    private readonly RedisServerProcess _second;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("sticky-sentinel-");
    private readonly int _port = FreePort.Next();
    private ChildProcess? _sentinel;

    private SentinelServers(RedisServerProcess first, RedisServerProcess second)
    {
        _first = first;
        _second = second;
    }

    public string Configuration => $"127.0.0.1:{_port},serviceName={Service},abortConnect=false";

    /// <summary>The master as it was at the start.</summary>
    public RedisServerProcess First => _first;

    public RedisServerProcess Second => _second;

    public static Task<SentinelServers> StartOrSkipAsync() => FreePort.RetryAsync(async () =>
    {
        var first = await RedisServerProcess.StartOrSkipAsync("--repl-diskless-sync-delay", "0");
        var second = await RedisServerProcess.StartOrSkipAsync("--repl-diskless-sync-delay", "0", "--replicaof", $"127.0.0.1 {first.Port}");
        var servers = new SentinelServers(first, second);
        try
        {
            await Eventually.Async(async () => (await servers.AskAsync(first.Port, "INFO", "replication")).Contains("state=online", StringComparison.Ordinal));
            await servers.StartSentinelAsync();
            return servers;
        }
        catch
        {
            await servers.DisposeAsync();
            throw;
        }
    });

    public async Task StartSentinelAsync()
    {
        var file = Path.Combine(_directory.FullName, "sentinel.conf");
        var isNew = !File.Exists(file);
        if (isNew)
        {
            await File.WriteAllLinesAsync(file,
            [
                $"port {_port}",
                "bind 127.0.0.1",
                $"dir {_directory.FullName}",
                $"sentinel monitor {Service} 127.0.0.1 {_first.Port} 1",
                $"sentinel down-after-milliseconds {Service} 1000",
                $"sentinel failover-timeout {Service} 4000",
            ]);
        }

        _sentinel = await ChildProcess.StartAsync(
            "sentinel",
            InstalledPrograms.FindOrSkip("redis-server"),
            [file, "--sentinel"],
            sentinel => Task.FromResult(Says(sentinel, isNew ? "+slave slave" : "+monitor")));
    }

    public async Task KillSentinelAsync()
    {
        if (_sentinel is { } sentinel)
        {
            _sentinel = null;
            await sentinel.DisposeAsync();
        }
    }

    /// <summary>The replica gets nothing of what the master is told from now on: a failover loses it.</summary>
    public async Task CutReplicationAsync()
    {
        await AskAsync(_first.Port, "ACL", "SETUSER", "default", "-psync", "-sync");
        await AskAsync(_first.Port, "CLIENT", "KILL", "TYPE", "replica");
    }

    /// <summary>What one server says, as text.</summary>
    public async Task<string> AskAsync(int port, string command, params object[] arguments)
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{port},allowAdmin=true");
        var reply = await connection.GetServer(IPAddress.Loopback, port).ExecuteAsync(command, arguments);
        return reply.Resp2Type == ResultType.Array ? string.Join(',', ((RedisResult[])reply!).Select(part => part.ToString())) : (string?)reply ?? "";
    }

    private static bool Says(ChildProcess sentinel, string what) => sentinel.Output.Any(line => line.Contains(what, StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        await KillSentinelAsync();
        await _second.DisposeAsync();
        await _first.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}

/// <summary>One Redis behind Sentinel for all tests; it does not fail over. Tests of a failover start their own.</summary>
public sealed class SentinelFixture : IRedisServer, IAsyncDisposable
{
    private readonly Lazy<Task<SentinelServers>> _servers = new(SentinelServers.StartOrSkipAsync);

    public async Task<string> ConfigurationAsync() => (await _servers.Value).Configuration;

    public async ValueTask DisposeAsync()
    {
        if (_servers is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
        {
            await (await _servers.Value).DisposeAsync();
        }
    }
}
