using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using StickySessions.Cluster;
using StickySessions.Redis;

namespace StickySessions.Benchmarks.Scale;

/// <summary>
/// Many nodes in one process: each has a membership of its own, as in an application, but they share a few connections, and what they
/// ask each other does not cross a network.
/// </summary>
internal sealed class SimulatedCluster(string configuration) : IAsyncDisposable
{
    private const int NodesPerConnection = 50;

    private readonly StickyRedisOptions _options = new() { Configuration = configuration };
    private readonly List<RedisConnections> _connections = [];
    private readonly SimulatedNetwork _network = new();
    private int _made;

    public StickyRedisOptions Options => _options;

    public SimulatedNode NewNode()
    {
        if (_made % NodesPerConnection == 0)
        {
            _connections.Add(new RedisConnections(Microsoft.Extensions.Options.Options.Create(_options)));
        }

        var name = $"web-{_made++}";
        IRedisConnections redis = _connections[^1];
        var keys = new RedisClusterKeys(redis);
        var membership = new RedisMembership(
            redis, keys, _network, Microsoft.Extensions.Options.Options.Create(_options), TimeProvider.System, NullLogger<RedisMembership>.Instance);

        // As long as real ones: a machine's name and addresses in a private network.
        var address = new Uri($"http://10.{_made >> 16 & 255}.{_made >> 8 & 255}.{_made & 255}:46001");
        _network.Listen(address, membership);
        return new SimulatedNode(membership, _network, new Node { Tag = default, Name = name, Address = address, PublicAddress = new Uri($"http://{address.Host}:8080") });
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }
    }
}

internal sealed class SimulatedNode(RedisMembership membership, SimulatedNetwork network, Node self)
{
    public RedisMembership Membership => membership;

    public ClusterView View => membership.View;

    public Task JoinAsync() => membership.JoinAsync(self, CancellationToken.None);

    public Task AnnounceAsync(NodeState state) => membership.AnnounceAsync(state, self.PublicAddress, CancellationToken.None);

    public async Task LeaveAsync()
    {
        await membership.LeaveAsync(CancellationToken.None);
        network.Close(self.Address);
    }

    /// <summary>As SIGKILL: nothing is said, and nobody listens.</summary>
    public async Task CrashAsync()
    {
        network.Close(self.Address);
        await membership.DisposeAsync();
    }
}

/// <summary>An address where nobody listens refuses.</summary>
internal sealed class SimulatedNetwork : IPeerClient
{
    private readonly ConcurrentDictionary<string, StatusQuestionHandler> _listeners = new();
    private long _connects;

    public long Connects => _connects;

    public void Listen(Uri address, IClusterMembership membership) => _listeners[address.Host] = new StatusQuestionHandler(membership);

    public void Close(Uri address) => _listeners.TryRemove(address.Host, out _);

    public async Task<PeerAnswer> AskAsync(
        Uri address, bool hasInterconnect, string kind, ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
        => _listeners.TryGetValue(address.Host, out var handler)
            ? new PeerAnswer(PeerAnswerStatus.Answered, await handler.AnswerAsync(question, cancellationToken))
            : new PeerAnswer(PeerAnswerStatus.Refused, default);

    public Task<bool> IsRefusedAsync(Uri address, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _connects);
        return Task.FromResult(!_listeners.ContainsKey(address.Host));
    }
}
