using StackExchange.Redis;
using StickySessions.Redis;

namespace StickySessions.Cluster;

/// <summary>Which version of the view the nodes know: each says so in its beat.</summary>
internal sealed class RedisPeersSeen(IRedisConnections redis)
{
    private readonly RedisKey[] _keys = ViewKeys.All(redis);

    public async Task<bool> HaveAllSeenAsync(long version)
    {
        try
        {
            return (bool)await redis.Beats.GetDatabase().EvaluateAsync(Script, _keys, [version]);
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            return false;
        }
    }

    private const string Script =
        """
        for _, which in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
          local seen = string.match(redis.call('HGET', KEYS[6], which) or '0', '^%d+')
          if tonumber(seen) < tonumber(ARGV[1]) then return 0 end
        end
        return 1
        """;
}
