using System.Text;
using StackExchange.Redis;
using StickySessions.Ownership;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Ownership;

/// <summary>What the owner of a session asks of its record.</summary>
public abstract class SessionRecordsTestBase(IRedisServer server) : RecordsTestBase(server)
{
    private protected static readonly DateTimeOffset Always = DateTimeOffset.MaxValue;

    private protected static readonly DateTimeOffset Never = DateTimeOffset.UnixEpoch;

    private protected const ulong NextNonce = 0xfeed_face_cafe_beef;

    private protected async Task<SessionClaim> ClaimedByMeAsync(uint above = 1)
    {
        var result = await ClaimAsync(Gone, seen: above);
        Assert.Equal(ClaimStatus.Owned, result.Status);
        return new SessionClaim(result.Epoch, result.Nonce);
    }

    private protected async Task<RecordStatus> WriteAsync(
        SessionClaim claim, long version, string content, DateTimeOffset? createBefore = null, NodeTag? owner = null)
        => (await Records.WriteAsync(Id, owner ?? Me, claim, State(version, content), createBefore ?? Always, release: false, Cancellation)).Status;

    private protected async Task<RecordStatus> ReleaseAsync(SessionClaim claim, long version, string content)
        => (await Records.WriteAsync(Id, Me, claim, State(version, content), Always, release: true, Cancellation)).Status;

    private protected async Task<RecordStatus> HandOffAsync(SessionClaim claim, long version, string content, DateTimeOffset? createBefore = null)
        => (await Records.HandOffAsync(Id, Me, claim, State(version, content), createBefore ?? Always, Peer, NextNonce, Cancellation)).Status;

    private protected async Task<RecordStatus> ConfirmAsync(SessionClaim claim)
        => (await Records.ConfirmAsync(Id, Me, claim, Cancellation)).Status;

    private protected async Task AssertStoredAsync(NodeTag owner, uint epoch, long version, string content)
    {
        var record = (await ReadAsync())!.Value;
        Assert.Equal(
            (owner, epoch, version, content, false), (record.Owner, record.Epoch, record.State.Version, Text(record.State), record.Ended));
    }

    private protected async Task AssertWholeLifetimeAsync()
    {
        var left = await Redis.Records.GetDatabase().KeyTimeToLiveAsync(Redis.SessionKey(Id.ToString()));
        Assert.InRange(left!.Value, Lifetime - TimeSpan.FromMinutes(1), Lifetime);
    }

    private protected async Task<DateTimeOffset> ServerTimeAsync()
    {
        var time = (RedisValue[])(await Redis.Records.GetDatabase().ScriptEvaluateAsync(
            "return redis.call('TIME')", [Redis.SessionKey(Id.ToString())]))!;
        return DateTimeOffset.FromUnixTimeSeconds((long)time[0]);
    }

    private protected static StoredState State(long version, string content) => new(version, 1, Encoding.UTF8.GetBytes(content));

    private protected static string Text(StoredState state) => Encoding.UTF8.GetString(state.Snapshot.Span);
}
