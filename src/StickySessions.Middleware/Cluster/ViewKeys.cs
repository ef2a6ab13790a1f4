using StackExchange.Redis;
using StickySessions.Redis;

namespace StickySessions.Cluster;

/// <summary>The keys of the view in Redis, all in one slot, in the order in which the scripts take them.</summary>
internal static class ViewKeys
{
    /// <summary>Hash: tag to entry, nodes that are gone included for a while.</summary>
    private const string Nodes = "view:nodes";

    /// <summary>Sorted set: tag of a live node, by the time at which its lease ends.</summary>
    private const string Leases = "view:leases";

    /// <summary>Sorted set: tag, by the version of the view that changed it last.</summary>
    private const string Changes = "view:changes";

    /// <summary>Sorted set: tag of a node that is gone, by the time since when.</summary>
    private const string Gone = "view:gone";

    /// <summary>Hash: generation, version, sequence, floor, beat, when it settles.</summary>
    private const string Meta = "view:meta";

    /// <summary>Hash: tag of a live node to the version it knew at its last beat, when that was, and its load.</summary>
    private const string Seen = "view:seen";

    public static RedisKey[] All(IRedisConnections redis)
        => [.. new[] { Nodes, Leases, Changes, Gone, Meta, Seen }.Select(redis.Key)];

    /// <summary>Hash: who suspects this node, since when, and its last beat before that.</summary>
    public static RedisKey Suspicion(IRedisConnections redis, string tag) => redis.Key("view:suspicion:" + tag);

    /// <summary>Tells that the view changed, or that a node is suspected. Carries no truth.</summary>
    public static RedisChannel Events(IRedisConnections redis) => RedisChannel.Literal(redis.Key("view:events").ToString());
}
