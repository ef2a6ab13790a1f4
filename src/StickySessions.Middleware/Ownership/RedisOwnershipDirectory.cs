using System.Collections.Concurrent;
using StackExchange.Redis;
using StickySessions.Policies;
using StickySessions.Redis;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// Ownership in Redis: a record for each session that ever changed its owner, has ended, or has a stored snapshot. Each decision is one
/// script, and each script may run twice with the same result: a reply can get lost on its way.
/// </summary>
internal sealed class RedisOwnershipDirectory(
    IRedisConnections connections,
    HolderSearch search,
    EndedSessions ended,
    ExpiredSessions expired,
    StoreDoubt doubt,
    StoreCheck check,
    PolicyResolver policies) : IOwnershipDirectory, ISessionRecords
{
    /// <summary>
    /// How long a record outlives its session. The owner renews a record several times in this time, so one whose session is used
    /// expires only if Redis is away for as long.
    /// </summary>
    public static readonly TimeSpan RecordMargin = TimeSpan.FromHours(1);

    private static readonly TimeSpan KeepAsideFor = TimeSpan.FromDays(7);

    /// <summary>Of one record at a time: what begins anew in its place must not be withdrawn by a second one.</summary>
    private readonly ConcurrentDictionary<SessionId, Lazy<Task>> _withdrawn = new();

    private TimeSpan Lifetime => policies.LongestIdleTimeout + RecordMargin;

    public async ValueTask<OwnershipRecord?> ReadAsync(SessionId session, CancellationToken cancellationToken)
    {
        await WithdrawExpiredAsync(session, cancellationToken);
        var value = (byte[]?)await RepeatAsync(
            database => database.StringGetAsync(Key(session), CommandFlags.DemandMaster), cancellationToken);
        if (value is not null)
        {
            return RedisRecord.Parse(value);
        }

        // No record: nobody but its first owner ever owned the session, or Redis has just lost what says so.
        return doubt.IsRecent ? (await search.FindAsync(session, seenEpoch: 0, cancellationToken)).ToRecord() : null;
    }

    public async ValueTask<ClaimResult> ClaimAsync(
        SessionId session, NodeTag expectedOwner, uint seenEpoch, NodeTag claimer, CancellationToken cancellationToken)
    {
        await WithdrawExpiredAsync(session, cancellationToken);

        // A session has no record until it first changes its owner. One that has changed it before lost its record, and so may any while
        // Redis has just lost some: a client may show a token from before its session moved.
        var mayCreate = seenEpoch <= 1 && !doubt.IsRecent;
        if (await TryClaimAsync(session, expectedOwner, seenEpoch, claimer, mayCreate, cancellationToken) is { } decided)
        {
            return decided with { IsUnopposed = mayCreate && decided.Status == ClaimStatus.Owned && decided.Epoch == seenEpoch + 1 };
        }

        return await AskOthersAsync(session, seenEpoch, cancellationToken)
            ?? (await TryClaimAsync(session, expectedOwner, seenEpoch, claimer, mayCreate: true, cancellationToken))!.Value;
    }

    public ValueTask<ClaimResult> RecordAsync(SessionId session, NodeTag owner, CancellationToken cancellationToken)
        => ClaimAsync(session, expectedOwner: default, seenEpoch: 0, owner, cancellationToken);

    public async ValueTask<ClaimResult> ReconsiderAsync(SessionId session, ClaimResult won)
    {
        if (!await check.HasLostWritesAsync() || await AskOthersAsync(session, won.Epoch, CancellationToken.None) is not { } known)
        {
            return won;
        }

        // Else the one that holds it would find a record of the same epoch that is not its own, and give it up for nothing.
        await RunAsync(RecordWithdraw.Script, session, RecordWithdraw.Arguments(won.Owner, won.Epoch, won.Nonce), CancellationToken.None);
        return known;
    }

    public async ValueTask WithdrawExpiredAsync(SessionId session, CancellationToken cancellationToken)
    {
        if (expired.Find(session) is { } claim)
        {
            await _withdrawn
                .GetOrAdd(session, static (id, withdraw) => new Lazy<Task>(() => withdraw.Self.WithdrawAsync(id, withdraw.Claim)), (Self: this, Claim: claim))
                .Value
                .WaitAsync(cancellationToken);
        }
    }

    private async Task WithdrawAsync(SessionId session, SessionClaim claim)
    {
        try
        {
            await RunAsync(RecordWithdraw.Script, session, RecordWithdraw.Arguments(default, claim.Epoch, claim.Nonce), CancellationToken.None);
            expired.Withdrawn(session, claim);
        }
        finally
        {
            _withdrawn.TryRemove(session, out _);
        }
    }

    public async ValueTask EndAsync(SessionId session, uint epoch, TimeSpan keepFor, CancellationToken cancellationToken)
    {
        // First: what Redis cannot be told now, or forgets, it is told again.
        ended.Add(session, epoch + 1, keepFor);
        await RunAsync(RecordEnd.Script, session, RecordEnd.Arguments(epoch, keepFor), cancellationToken);
    }

    public async ValueTask<RecordAnswer> ConfirmAsync(
        SessionId session, NodeTag owner, SessionClaim claim, CancellationToken cancellationToken)
        => RedisRecord.ParseAnswer(
            await RunAsync(RecordConfirm.Script, session, RecordConfirm.Arguments(owner, claim, Lifetime), cancellationToken));

    public async ValueTask<RecordAnswer> WriteAsync(
        SessionId session, NodeTag owner, SessionClaim claim, StoredState state, DateTimeOffset createBefore, bool release, CancellationToken cancellationToken)
        => RedisRecord.ParseAnswer(await RunAsync(
            RecordWrite.Script, session, RecordWrite.Arguments(owner, claim, state, Lifetime, createBefore, release), cancellationToken));

    public async ValueTask<RecordAnswer> HandOffAsync(
        SessionId session,
        NodeTag owner,
        SessionClaim claim,
        StoredState state,
        DateTimeOffset createBefore,
        NodeTag next,
        ulong nextNonce,
        CancellationToken cancellationToken)
        => RedisRecord.ParseAnswer(await RunAsync(
            RecordHandOff.Script,
            session,
            RecordHandOff.Arguments(owner, claim, state, Lifetime, createBefore, next, nextNonce),
            cancellationToken));

    public async ValueTask<string> KeepAsideAsync(SessionId session, StoredState state, CancellationToken cancellationToken)
    {
        var key = Key(session).Append($":unreadable:{state.Version}");
        await RepeatAsync(database => database.StringSetAsync(key, state.Snapshot, KeepAsideFor, when: When.NotExists), cancellationToken);
        return key.ToString();
    }

    /// <summary>Redis does not know: one of the others may. What they hold at a lower epoch than somebody has seen they give up.</summary>
    /// <returns>Null if none of them does.</returns>
    private async ValueTask<ClaimResult?> AskOthersAsync(SessionId session, uint seenEpoch, CancellationToken cancellationToken)
    {
        var found = await search.FindAsync(session, seenEpoch, cancellationToken);
        return found switch
        {
            { Status: HoldsStatus.Ended } => new ClaimResult(ClaimStatus.Ended, default, found.Epoch),
            { Status: HoldsStatus.Held } when found.Epoch >= seenEpoch => new ClaimResult(ClaimStatus.OwnedByOther, found.Owner, found.Epoch),
            { Unanswered: { } silent } => throw new DirectoryUnavailableException(
                $"The record of a session is missing in Redis, and node \"{silent}\", which may hold the session, does not answer. It can be claimed once that node answers or is gone."),
            _ => null,
        };
    }

    /// <returns>Null if the session has no record, or one that went back in time, and none may be made.</returns>
    private async ValueTask<ClaimResult?> TryClaimAsync(
        SessionId session, NodeTag expectedOwner, uint seenEpoch, NodeTag claimer, bool mayCreate, CancellationToken cancellationToken)
        => RecordClaim.Parse(await RunAsync(
            RecordClaim.Script,
            session,
            RecordClaim.Arguments(expectedOwner, seenEpoch, claimer, RedisRecord.NewNonce(), Lifetime, mayCreate),
            cancellationToken));

    private Task<RedisResult> RunAsync(string script, SessionId session, RedisValue[] arguments, CancellationToken cancellationToken)
    {
        RedisKey[] keys = [Key(session)];
        return RepeatAsync(database => database.EvaluateAsync(script, keys, arguments), cancellationToken);
    }

    private async Task<T> RepeatAsync<T>(Func<IDatabase, Task<T>> runAsync, CancellationToken cancellationToken)
    {
        try
        {
            try
            {
                return await runAsync(connections.Records.GetDatabase()).WaitAsync(cancellationToken);
            }
            catch (Exception lost) when (lost is RedisConnectionException or RedisTimeoutException)
            {
                // It may have run or not; running it (again) gives the answer either way.
                return await runAsync(connections.Records.GetDatabase()).WaitAsync(cancellationToken);
            }
        }
        catch (Exception failed) when (failed is RedisException or RedisTimeoutException)
        {
            throw new DirectoryUnavailableException(
                "Redis could not be asked who owns a session. Sessions of live nodes go on; orphaned ones are claimed once Redis answers again.", failed);
        }
    }

    private RedisKey Key(SessionId session) => connections.SessionKey(session.ToString());
}
