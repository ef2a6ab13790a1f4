using StackExchange.Redis;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// The owner asks whether the session is still its own, and by that gives the record its whole lifetime again. What Redis has lost, or
/// has in an older version (a flush, a failover to a replica that was behind), is pushed again. Only a session at its first epoch needs none, unless its claim has a nonce: then the record is all that says who owns it.
/// </summary>
internal static class RecordConfirm
{
    public static RedisValue[] Arguments(NodeTag owner, SessionClaim claim, TimeSpan lifetime)
        => [owner.ToString(), claim.Epoch, RedisRecord.Text(claim.Nonce), RedisRecord.Milliseconds(lifetime), RedisRecord.Text(SessionClaim.First.Nonce)];

    public const string Script = RecordScript.OwnerPrelude + """
        if is_mine then
          redis.call('PEXPIRE', key, ARGV[4])
        elseif not is_older then
          return answer('fenced')
        elseif exists or my_epoch > 1 or my_nonce ~= ARGV[5] then
          store('owned', me, my_epoch, my_nonce, version, schema, snapshot(), ARGV[4])
        end
        return answer('accepted')
        """;
}
