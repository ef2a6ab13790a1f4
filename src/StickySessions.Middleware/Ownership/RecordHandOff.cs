using StackExchange.Redis;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>The owner gives the session to another node, state included, in one step.</summary>
internal static class RecordHandOff
{
    public static RedisValue[] Arguments(
        NodeTag owner, SessionClaim claim, in StoredState state, TimeSpan lifetime, DateTimeOffset createBefore, NodeTag next, ulong nextNonce) =>
    [
        owner.ToString(),
        claim.Epoch,
        RedisRecord.Text(claim.Nonce),
        RedisRecord.Milliseconds(lifetime),
        createBefore.ToUnixTimeMilliseconds(),
        state.Version,
        state.Schema,
        state.Snapshot,
        next.ToString(),
        RedisRecord.Text(nextNonce),
    ];

    // The nonce of the next owner is the caller's choice, so that a second run knows the first one.
    public const string Script = RecordScript.OwnerPrelude + """
        local lifetime, create_before, new_version, new_schema, new_snapshot = ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7], ARGV[8]
        local next_owner, next_nonce = ARGV[9], ARGV[10]
        if kind == 'owned' and epoch == my_epoch + 1 and nonce == next_nonce then return answer('accepted') end
        if not is_mine and not is_older then return answer('fenced') end
        if is_older and is_late(create_before) then return answer('late') end
        if is_mine and version >= new_version then
          new_version, new_schema, new_snapshot = version, schema, snapshot()
        end
        store('owned', next_owner, my_epoch + 1, next_nonce, new_version, new_schema, new_snapshot, lifetime)
        return answer('accepted')
        """;
}
