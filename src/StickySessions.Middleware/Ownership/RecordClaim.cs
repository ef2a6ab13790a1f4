using StackExchange.Redis;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>Becomes the owner: compare-and-set on owner and epoch. What was stored comes back in the same round trip.</summary>
internal static class RecordClaim
{
    /// <param name="expected">Who owned the session, as the claimer knows it.</param>
    /// <param name="seenEpoch">The epoch that the client has seen.</param>
    /// <param name="claimer">Who wants to own it.</param>
    /// <param name="nonce">Marks what the claimer writes, if it wins.</param>
    /// <param name="lifetime">How long the record lives.</param>
    /// <param name="mayCreate">Whether the session may be claimed though its record is missing, or older than what the client has seen.</param>
    public static RedisValue[] Arguments(
        NodeTag expected, uint seenEpoch, NodeTag claimer, ulong nonce, TimeSpan lifetime, bool mayCreate)
        => [expected.ToString(), seenEpoch, claimer.ToString(), RedisRecord.Text(nonce), RedisRecord.Milliseconds(lifetime), mayCreate];

    /// <returns>Null if the record is missing, or went back in time, and that is no reason yet to claim.</returns>
    public static ClaimResult? Parse(RedisResult reply)
    {
        var fields = (RedisValue[])reply!;
        var (owner, epoch) = (RedisRecord.ParseOwner(fields[1]), (uint)fields[2]);
        return (string?)fields[0] switch
        {
            "owned" => new ClaimResult(
                ClaimStatus.Owned, owner, epoch, RedisRecord.ParseNonce(fields[3]), new StoredState((long)fields[4], (int)fields[5], (byte[])fields[6]!)),
            "other" => new ClaimResult(ClaimStatus.OwnedByOther, owner, epoch),
            "ended" => new ClaimResult(ClaimStatus.Ended, owner, epoch),
            _ => null,
        };
    }

    // A record below the epoch that the client has seen went back in time (a failover lost writes): the token is newer.
    public const string Script = RecordScript.Prelude + """
        local expected, seen, claimer, new_nonce, lifetime, may_create = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5], ARGV[6]
        if kind == 'ended' then return answer('ended') end
        if (not exists or epoch < seen) and may_create ~= '1' then return answer('missing') end

        local is_owned_by_another = kind == 'owned' and epoch >= seen and owner ~= expected
        if is_owned_by_another and owner ~= claimer then return answer('other') end
        local content = snapshot()
        if is_owned_by_another then
          redis.call('PEXPIRE', key, lifetime)
        else
          owner, epoch, nonce = claimer, math.max(epoch, seen) + 1, new_nonce
          store('owned', owner, epoch, nonce, version, schema, content, lifetime)
        end
        return {'owned', owner, text(epoch), nonce, text(version), schema, content}
        """;
}
