using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Redis;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>One node of a cluster in Redis, with connections of its own.</summary>
internal sealed class RedisNode : TestNode
{
    private readonly SeverableConnections _redis;
    private readonly RedisMembership _membership;

    public RedisNode(FakeNetwork network, StickyRedisOptions options, string name)
        : base(network, name, new Uri($"http://{Guid.NewGuid():n}.test:6001"))
    {
        _redis = new SeverableConnections(new RedisConnections(Options.Create(options)));
        Keys = new RedisClusterKeys(_redis);
        _membership = new RedisMembership(
            _redis, Keys, network.ClientOf(name), Options.Create(options), Clock, NullLogger<RedisMembership>.Instance);
    }

    public override IClusterMembership Membership => _membership;

    public RedisClusterKeys Keys { get; }

    public IRedisConnections Redis => _redis;

    public LeapingClock Clock { get; } = new();

    /// <summary>This node alone cannot reach Redis any more.</summary>
    public void CutOffFromRedis() => _redis.IsSevered = true;

    public void ReconnectToRedis() => _redis.IsSevered = false;

    public override Task KillAsync()
    {
        CutOffFromRedis();
        return base.KillAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await _membership.DisposeAsync();
        await _redis.DisposeAsync();
    }
}
