using StackExchange.Redis;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>A claim that nobody has acted upon is taken back: Redis had lost the record that stood against it.</summary>
internal static class RecordWithdraw
{
    public static RedisValue[] Arguments(NodeTag owner, uint epoch, ulong nonce) => [owner.ToString(), epoch, RedisRecord.Text(nonce)];

    public const string Script = RecordScript.OwnerPrelude + """
        if is_mine then redis.call('DEL', key) end
        return answer('accepted')
        """;
}
