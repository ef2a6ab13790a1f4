using StackExchange.Redis;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>The owner stores a snapshot, and may let go of the session with it.</summary>
internal static class RecordWrite
{
    public static RedisValue[] Arguments(
        NodeTag owner, SessionClaim claim, in StoredState state, TimeSpan lifetime, DateTimeOffset createBefore, bool release) =>
    [
        owner.ToString(),
        claim.Epoch,
        RedisRecord.Text(claim.Nonce),
        RedisRecord.Milliseconds(lifetime),
        createBefore.ToUnixTimeMilliseconds(),
        state.Version,
        state.Schema,
        state.Snapshot,
        release ? RecordScript.Released : RecordScript.Owned,
    ];

    public const string Script = RecordScript.OwnerPrelude + """
        local lifetime, create_before, new_version, new_schema, new_snapshot, target = ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7], ARGV[8], ARGV[9]
        if is_mine and version >= new_version then
          -- It ran before and its reply was lost, or a later write has overtaken it.
          if target == kind then
            redis.call('PEXPIRE', key, lifetime)
          else
            store(target, me, my_epoch, my_nonce, version, schema, snapshot(), lifetime)
          end
          return answer('accepted')
        end
        local has_released = kind == 'released' and epoch == my_epoch and nonce == my_nonce and version >= new_version
        if has_released and target == kind then return answer('accepted') end
        if not is_mine and not is_older then return answer('fenced') end
        if is_older and is_late(create_before) then return answer('late') end
        store(target, me, my_epoch, my_nonce, new_version, new_schema, new_snapshot, lifetime)
        return answer('accepted')
        """;
}
