using System.Globalization;
using StackExchange.Redis;
using StickySessions.Policies;
using StickySessions.Redis;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// Ownership in Redis: a hash per session that ever changed its owner, with owner, epoch, nonce and whether it has ended. Each
/// decision is one script, and each script may run twice with the same result: a reply can get lost on its way.
/// </summary>
internal sealed class RedisOwnershipDirectory(IRedisConnections connections, HolderSearch search, PolicyResolver policies) : IOwnershipDirectory
{
    private const string ReadScript = """
        return redis.call('HMGET', KEYS[1], 'owner', 'epoch', 'ended')
        """;

    // A record below the epoch that the client has seen went back in time (a failover lost writes): the token is newer.
    private const string ClaimScript = """
        local expected, seen, claimer, nonce, ttl, may_create = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5], ARGV[6]
        local record = redis.call('HMGET', KEYS[1], 'owner', 'epoch', 'ended')
        if not record[2] and may_create ~= '1' then
          return {'missing', '', '0'}
        end
        if record[3] then
          return {'ended', '', record[2]}
        end
        local stored = tonumber(record[2] or '0')
        if stored >= seen and record[1] ~= expected then
          return {record[1] == claimer and 'owned' or 'other', record[1], record[2]}
        end
        local epoch = string.format('%d', math.max(stored, seen) + 1)
        redis.call('HSET', KEYS[1], 'owner', claimer, 'epoch', epoch, 'nonce', nonce)
        redis.call('PEXPIRE', KEYS[1], ttl)
        return {'owned', claimer, epoch}
        """;

    // Whoever ends it, at whatever epoch: a logout must hold even if the node that heard it has just lost the session.
    private const string EndScript = """
        local record = redis.call('HMGET', KEYS[1], 'epoch', 'ended')
        if record[2] then
          return 0
        end
        local epoch = math.max(tonumber(record[1] or '0'), tonumber(ARGV[1])) + 1
        redis.call('DEL', KEYS[1])
        redis.call('HSET', KEYS[1], 'owner', '', 'epoch', string.format('%d', epoch), 'ended', '1')
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        return 1
        """;

    public async ValueTask<OwnershipRecord?> ReadAsync(SessionId session, CancellationToken cancellationToken)
    {
        var record = (RedisValue[])(await RunAsync(ReadScript, session, [], cancellationToken))!;
        return record[1].IsNull ? null : new OwnershipRecord(ParseOwner(record[0]), (uint)record[1], Ended: !record[2].IsNull);
    }

    public async ValueTask<ClaimResult> ClaimAsync(
        SessionId session, NodeTag expectedOwner, uint seenEpoch, NodeTag claimer, CancellationToken cancellationToken)
    {
        // A session has no record until it first changes its owner. One that has changed it before lost its record.
        var mayCreate = seenEpoch <= 1;
        if (await TryClaimAsync(session, expectedOwner, seenEpoch, claimer, mayCreate, cancellationToken) is { } decided)
        {
            return decided;
        }

        var found = await search.FindAsync(session, cancellationToken);
        if (found.Status == HoldsStatus.Ended)
        {
            return new ClaimResult(ClaimStatus.Ended, default, found.Epoch);
        }

        if (found.Status == HoldsStatus.Held && found.Epoch >= seenEpoch)
        {
            return new ClaimResult(ClaimStatus.OwnedByOther, found.Owner, found.Epoch);
        }

        if (found.Unanswered is { } silent)
        {
            throw new DirectoryUnavailableException(
                $"The record of a session is missing in Redis, and node \"{silent}\", which may hold the session, does not answer. It can be claimed once that node answers or is gone.");
        }

        return (await TryClaimAsync(session, expectedOwner, seenEpoch, claimer, mayCreate: true, cancellationToken))!.Value;
    }

    public async ValueTask EndAsync(SessionId session, uint epoch, TimeSpan keepFor, CancellationToken cancellationToken)
        => await RunAsync(EndScript, session, [epoch, Milliseconds(keepFor)], cancellationToken);

    /// <returns>Null if the session has no record and none may be created.</returns>
    private async ValueTask<ClaimResult?> TryClaimAsync(
        SessionId session, NodeTag expectedOwner, uint seenEpoch, NodeTag claimer, bool mayCreate, CancellationToken cancellationToken)
    {
        // A token is accepted no longer than the absolute timeout, so a record that outlives every token made until now suffices.
        RedisValue[] arguments =
        [
            expectedOwner.ToString(), seenEpoch, claimer.ToString(), Guid.NewGuid().ToString("N"), Milliseconds(policies.Default.AbsoluteTimeout), mayCreate,
        ];
        var reply = (RedisValue[])(await RunAsync(ClaimScript, session, arguments, cancellationToken))!;
        var (owner, epoch) = (ParseOwner(reply[1]), (uint)reply[2]);
        return (string?)reply[0] switch
        {
            "owned" => new ClaimResult(ClaimStatus.Owned, owner, epoch),
            "other" => new ClaimResult(ClaimStatus.OwnedByOther, owner, epoch),
            "ended" => new ClaimResult(ClaimStatus.Ended, owner, epoch),
            _ => null,
        };
    }

    private async Task<RedisResult> RunAsync(string script, SessionId session, RedisValue[] arguments, CancellationToken cancellationToken)
    {
        RedisKey[] keys = [connections.SessionKey(session.ToString())];
        try
        {
            try
            {
                return await connections.Records.GetDatabase().ScriptEvaluateAsync(script, keys, arguments).WaitAsync(cancellationToken);
            }
            catch (Exception lost) when (lost is RedisConnectionException or RedisTimeoutException)
            {
                // It may have run or not; running it (again) gives the answer either way.
                return await connections.Records.GetDatabase().ScriptEvaluateAsync(script, keys, arguments).WaitAsync(cancellationToken);
            }
        }
        catch (Exception failed) when (failed is RedisException or RedisTimeoutException)
        {
            throw new DirectoryUnavailableException(
                "Redis could not be asked who owns a session. Sessions of live nodes go on; orphaned ones are claimed once Redis answers again.", failed);
        }
    }

    private static NodeTag ParseOwner(RedisValue owner) => NodeTag.TryParse(owner, out var tag) ? tag : default;

    private static string Milliseconds(TimeSpan span) => ((long)Math.Ceiling(span.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture);
}
