using StackExchange.Redis;

namespace StickySessions.Redis;

/// <summary>Whether this Redis may throw away what the cluster needs: an evicted tombstone would revive an ended session.</summary>
internal sealed class RedisEviction(IRedisConnections redis)
{
    private const string Field = "maxmemory_policy:";

    /// <returns>What is wrong, or null. Servers that do not tell are taken to be right.</returns>
    public async Task<string?> CheckAsync()
    {
        string info;
        try
        {
            // INFO and not CONFIG: managed servers refuse the latter.
            info = (string?)await redis.Beats.GetDatabase().ExecuteAsync("INFO", "memory") ?? "";
        }
        catch (RedisServerException)
        {
            return null;
        }

        var policy = info.Split('\n').FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal))?[Field.Length..].Trim();
        return policy is null or "noeviction"
            ? null
            : $"Redis has the maxmemory-policy '{policy}' and may evict the cluster's records. Set maxmemory-policy to noeviction.";
    }
}
