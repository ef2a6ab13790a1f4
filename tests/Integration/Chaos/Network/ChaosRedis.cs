using System.Net;
using System.Net.Sockets;
using System.Text;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Chaos.Network;

/// <summary>
/// Redis as nodes see it: one address, behind which a primary answers that has a replica. What the primary has acknowledged is in its
/// append-only file, so that it survives a stop and a crash of the process.
/// </summary>
internal sealed class ChaosRedis : IAsyncDisposable
{
    private readonly Link _replication = new();
    private readonly Cutter _replicationCutter;
    private RedisOfPair _primary;
    private RedisOfPair _replica;

    private ChaosRedis(RedisOfPair primary, RedisOfPair replica)
    {
        (_primary, _replica) = (primary, replica);
        _replicationCutter = new Cutter(PortOfThisRun.Next(), () => _primary.Port, _ => _replication);
    }

    /// <summary>The port of the primary.</summary>
    public int Port => _primary.Port;

    public static async Task<ChaosRedis> StartAsync(string program, DirectoryInfo folder)
    {
        var redis = new ChaosRedis(
            new RedisOfPair(program, folder.CreateSubdirectory("redis-a")), new RedisOfPair(program, folder.CreateSubdirectory("redis-b")));
        try
        {
            redis._replicationCutter.Open();
            await redis._primary.StartAsync();
            await redis._replica.StartAsync();
            await redis._replica.AskAsync($"REPLICAOF 127.0.0.1 {redis._replicationCutter.Port}");
            return redis;
        }
        catch
        {
            await redis.DisposeAsync();
            throw;
        }
    }

    public Task CrashAsync() => _primary.KillAsync();

    public Task StartAgainAsync() => _primary.StartAsync();

    /// <summary>After a crash: what it had stored is gone.</summary>
    public void LoseFiles() => _primary.LoseFiles();

    public void Freeze() => _primary.Freeze();

    public void Thaw() => _primary.Thaw();

    public Task FlushAsync() => _primary.AskAsync("FLUSHALL");

    /// <summary>From now on the replica does not learn what is written.</summary>
    public void HoldReplication() => _replication.Hold(Way.Both);

    /// <summary>The replica takes over as it is; new connections are led to it. The old primary is frozen.</summary>
    public async Task PromoteReplicaAsync()
    {
        await _replica.AskAsync("REPLICAOF NO ONE");
        (_primary, _replica) = (_replica, _primary);
        _replication.Heal();
        _replication.Reset();
    }

    /// <summary>When nobody is connected to it any more: the old primary goes on, and becomes a replica.</summary>
    public async Task DemoteOldPrimaryAsync()
    {
        _replica.Thaw();
        await _replica.AskAsync($"REPLICAOF 127.0.0.1 {_replicationCutter.Port}");
    }

    public async ValueTask DisposeAsync()
    {
        await _replicationCutter.DisposeAsync();
        await _primary.KillAsync();
        await _replica.KillAsync();
    }

    private sealed class RedisOfPair(string program, DirectoryInfo folder)
    {
        private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);

        private ChildProcess? _process;

        public int Port { get; } = PortOfThisRun.Next();

        public async Task StartAsync() => _process = await ChildProcess.StartAsync(
            "redis-server",
            program,
            [
                "--port", $"{Port}", "--bind", "127.0.0.1", "--dir", folder.FullName,
                "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--repl-diskless-sync-delay", "0",
            ],
            server => Task.FromResult(server.Output.Any(line => line.Contains("Ready to accept connections", StringComparison.Ordinal))));

        public async Task KillAsync()
        {
            if (_process is { } process)
            {
                _process = null;
                await process.DisposeAsync();
            }
        }

        public void LoseFiles()
        {
            folder.Delete(recursive: true);
            folder.Create();
        }

        public void Freeze() => _process!.Signal("STOP");

        public void Thaw() => _process!.Signal("CONT");

        /// <summary>One inline command, whose answer is one line.</summary>
        public async Task AskAsync(string command)
        {
            using var timeout = new CancellationTokenSource(AnswerTimeout);
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, Port, timeout.Token);
            using var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(command + "\r\n"), timeout.Token);
            using var reader = new StreamReader(stream);
            var answer = await reader.ReadLineAsync(timeout.Token);
            if (answer?.StartsWith("+OK", StringComparison.Ordinal) != true)
            {
                throw new InvalidOperationException($"Redis answered {command} with {answer}");
            }
        }
    }
}
