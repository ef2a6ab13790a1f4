using StackExchange.Redis;

namespace StickySessions.Redis;

internal static class RedisScripts
{
    /// <summary>
    /// Runs a script at the master or not at all: a replica, which may be asked instead while a failover is under way, is behind and
    /// gives an answer of the past to a script that only reads.
    /// </summary>
    public static Task<RedisResult> EvaluateAsync(this IDatabase database, string script, RedisKey[] keys, RedisValue[] arguments)
        => database.ScriptEvaluateAsync(script, keys, arguments, CommandFlags.DemandMaster);
}
