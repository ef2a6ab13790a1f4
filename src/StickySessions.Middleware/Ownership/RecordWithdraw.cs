using StackExchange.Redis;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// A claim is taken back: nobody has acted upon it, and Redis had lost the record that stood against it; or the session has expired under it. Then there is
/// no more to say of the session than when its record's lifetime ends.
/// </summary>
internal static class RecordWithdraw
{
    public static RedisValue[] Arguments(NodeTag owner, uint epoch, ulong nonce) => [owner.ToString(), epoch, RedisRecord.Text(nonce)];

    public const string Script = RecordScript.OwnerPrelude + """
        if is_mine then redis.call('DEL', key) end
        return answer('accepted')
        """;
}
