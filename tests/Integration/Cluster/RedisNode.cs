using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StackExchange.Redis;
using StickySessions.Cluster;
using StickySessions.Redis;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>One node of a cluster in Redis: membership with connections of its own.</summary>
internal sealed class RedisNode : IAsyncDisposable
{
    private readonly FakeNetwork _network;
    private readonly SeverableConnections _redis;

    public RedisNode(FakeNetwork network, StickyRedisOptions options, string name, string? address = null)
    {
        _network = network;
        Name = name;
        Address = new Uri(address ?? $"http://{Guid.NewGuid():n}.test:6001");
        _redis = new SeverableConnections(new RedisConnections(Options.Create(options)));
        Keys = new RedisClusterKeys(_redis);
        Membership = new RedisMembership(
            _redis, Keys, network, Options.Create(options), TimeProvider.System, NullLogger<RedisMembership>.Instance);
        network.Listen(Address, Membership);
    }

    public string Name { get; }

    public Uri Address { get; }

    public RedisClusterKeys Keys { get; }

    public RedisMembership Membership { get; }

    public ClusterView View => Membership.View;

    public Node Self => Membership.Self;

    public IRedisConnections Redis => _redis;

    public Task JoinAsync(Uri? publicAddress = null) => Membership.JoinAsync(
        new Node { Tag = default, Name = Name, Address = Address, PublicAddress = publicAddress }, TestContext.Current.CancellationToken);

    public async Task JoinActiveAsync()
    {
        await JoinAsync();
        await Membership.AnnounceAsync(NodeState.Active, TestContext.Current.CancellationToken);
    }

    /// <summary>This node alone cannot reach Redis any more.</summary>
    public void CutOffFromRedis() => _redis.IsSevered = true;

    public void ReconnectToRedis() => _redis.IsSevered = false;

    /// <summary>As SIGKILL: nothing is said, and nobody listens.</summary>
    public async Task KillAsync()
    {
        _network.Close(Address);
        _redis.IsSevered = true;
        await Membership.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Membership.DisposeAsync();
        await _redis.DisposeAsync();
    }

    private sealed class SeverableConnections(RedisConnections connections) : IRedisConnections, IAsyncDisposable
    {
        public volatile bool IsSevered;

        public IConnectionMultiplexer Beats => IsSevered
            ? throw new RedisConnectionException(ConnectionFailureType.SocketFailure, CommandFlags.None, "severed by the test")
            : connections.Beats;

        public IConnectionMultiplexer Records => connections.Records;

        public Task ConnectAsync(CancellationToken cancellationToken) => connections.ConnectAsync(cancellationToken);

        public RedisKey Key(string suffix) => connections.Key(suffix);

        public RedisKey SessionKey(string session) => connections.SessionKey(session);

        public ValueTask DisposeAsync() => connections.DisposeAsync();
    }
}
