using StackExchange.Redis;

namespace StickySessions.Redis;

/// <summary>The connections to Redis, made once and kept. Safe for concurrent use.</summary>
internal interface IRedisConnections
{
    /// <summary>
    /// For beats: a connection of its own that fails fast and never queues while Redis is away, so that no lease is renewed late.
    /// </summary>
    IConnectionMultiplexer Beats { get; }

    /// <summary>For records and claims: fails fast too; a command that fails may have run.</summary>
    IConnectionMultiplexer Records { get; }

    /// <summary>
    /// Makes both connections without blocking a thread. Succeeds while Redis is away: they come up by themselves when it is back.
    /// A property that is read earlier blocks until its connection is made; behind Sentinel it throws a <see cref="RedisException"/> if
    /// no master could be found.
    /// </summary>
    Task ConnectAsync(CancellationToken cancellationToken);

    /// <summary>
    /// The key of this cluster with the given suffix. All membership keys share one slot; <see cref="SessionKey"/> spreads sessions.
    /// </summary>
    RedisKey Key(string suffix);

    /// <summary>The key of one session's record, in a slot of its own.</summary>
    RedisKey SessionKey(string session);
}
