using System.Text;
using StackExchange.Redis;
using StickySessions.Ownership;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Ownership;

/// <summary>What an owner may write into the record of its session, and what it may not any more, on every server.</summary>
public abstract class SessionRecordsTests(IRedisServer server) : RecordsTestBase(server)
{
    private static readonly DateTimeOffset Always = DateTimeOffset.MaxValue;
    private static readonly DateTimeOffset Never = DateTimeOffset.UnixEpoch;

    /// <summary>All 256 bytes: among them what ends a line, and what a number looks like.</summary>
    private static readonly byte[] AllBytes = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];

    [Fact]
    public async Task Write_BySessionsFirstOwner_MakesTheRecord()
    {
        Assert.Equal(RecordStatus.Accepted, await WriteAsync(SessionClaim.First, 1, "one"));

        await AssertStoredAsync(Me, 1, 1, "one");
        await AssertWholeLifetimeAsync();
    }

    [Fact]
    public async Task Write_OfAnyBytes_ComesBackWithTheClaim()
    {
        await Records.WriteAsync(Id, Me, SessionClaim.First, new StoredState(7, 3, AllBytes), Always, release: false, Cancellation);

        var claimed = await ClaimAsync(Me, seen: 1, claimer: Peer);

        Assert.Equal((2u, 7L, 3), (claimed.Epoch, claimed.State.Version, claimed.State.Schema));
        Assert.Equal(AllBytes, claimed.State.Snapshot.ToArray());
        Assert.Equal(AllBytes, (await ReadAsync())!.Value.State.Snapshot.ToArray());
    }

    [Fact]
    public async Task Write_Again_IsAcceptedAndChangesNothing()
    {
        var claim = await ClaimedByMeAsync();
        await WriteAsync(claim, 5, "five");

        Assert.Equal(RecordStatus.Accepted, await WriteAsync(claim, 5, "five, but not these bytes"));
        Assert.Equal(RecordStatus.Accepted, await WriteAsync(claim, 4, "four came late"));

        await AssertStoredAsync(Me, 2, 5, "five");
    }

    [Fact]
    public async Task Write_OfTheLargestVersions_CountsOn()
    {
        const long Largest = (1L << 53) - 1;
        await WriteAsync(SessionClaim.First, Largest - 1, "almost");

        Assert.Equal(RecordStatus.Accepted, await WriteAsync(SessionClaim.First, Largest, "the last"));

        await AssertStoredAsync(Me, 1, Largest, "the last");
    }

    [Fact]
    public async Task Write_AfterAnotherClaimed_IsFencedAndNamesTheOwner()
    {
        await WriteAsync(SessionClaim.First, 1, "one");
        await ClaimAsync(Me, seen: 1, claimer: Peer);

        var answer = await Records.WriteAsync(Id, Me, SessionClaim.First, State(2, "two"), Always, release: false, Cancellation);

        Assert.Equal(new RecordAnswer(RecordStatus.Fenced, Peer, 2), answer);
        await AssertStoredAsync(Peer, 2, 1, "one");
    }

    [Fact]
    public async Task Write_AtTheSameEpochUnderAnotherNonce_IsFenced()
    {
        // Redis forgot this node's claim, and another node made one at the same epoch.
        var mine = await ClaimedByMeAsync();
        await LoseRecordAsync();
        await ClaimAsync(Gone, seen: 1, claimer: Peer);

        Assert.Equal(RecordStatus.Fenced, await WriteAsync(mine, 1, "mine"));
        Assert.Equal(Peer, (await ReadAsync())!.Value.Owner);
    }

    [Theory]
    [InlineData(false)] // the record was lost
    [InlineData(true)] // … or went back to an earlier owner's
    public async Task Write_WithoutARecordOfThisClaim_MakesOneOnlyBeforeTheDeadline(bool wentBack)
    {
        var mine = await ClaimedByMeAsync(above: 4);
        await LoseRecordAsync();
        if (wentBack)
        {
            await ClaimAsync(Gone, seen: 1, claimer: Peer);
        }

        var before = await OwnerAsync();
        Assert.Equal(RecordStatus.TooLate, await WriteAsync(mine, 1, "late", Never));
        Assert.Equal(before, await OwnerAsync());

        Assert.Equal(RecordStatus.Accepted, await WriteAsync(mine, 1, "in time", await ServerTimeAsync() + TimeSpan.FromMinutes(1)));
        await AssertStoredAsync(Me, 5, 1, "in time");
    }

    [Fact]
    public async Task Write_OverItsOwnRecordAfterTheDeadline_IsAccepted()
    {
        var claim = await ClaimedByMeAsync();

        Assert.Equal(RecordStatus.Accepted, await WriteAsync(claim, 1, "one", Never));
    }

    [Fact]
    public async Task AnyWrite_AfterTheEnd_IsEnded()
    {
        var claim = await ClaimedByMeAsync();
        await EndAsync(1, TimeSpan.FromHours(1));

        Assert.Equal(RecordStatus.Ended, await WriteAsync(claim, 9, "late"));
        Assert.Equal(RecordStatus.Ended, await ReleaseAsync(claim, 9, "late"));
        Assert.Equal(RecordStatus.Ended, await HandOffAsync(claim, 9, "late"));
        Assert.Equal(RecordStatus.Ended, await ConfirmAsync(claim));
        Assert.Equal(new OwnershipRecord(default, 3, Ended: true), await OwnerAsync());
    }

    [Fact]
    public async Task Release_LetsAnybodyClaim_AndKeepsTheEpochAndTheState()
    {
        var claim = await ClaimedByMeAsync();
        await WriteAsync(claim, 1, "one");

        Assert.Equal(RecordStatus.Accepted, await ReleaseAsync(claim, 2, "two"));
        Assert.Equal(RecordStatus.Accepted, await ReleaseAsync(claim, 2, "two"));
        await AssertStoredAsync(Me, 2, 2, "two");

        var claimed = await ClaimAsync(Gone, seen: 1, claimer: Peer);
        Assert.Equal((ClaimStatus.Owned, Peer, 3u, "two"), (claimed.Status, claimed.Owner, claimed.Epoch, Text(claimed.State)));
    }

    [Fact]
    public async Task Release_OfWhatIsStoredAlready_LetsGoOfIt()
    {
        var claim = await ClaimedByMeAsync();
        await WriteAsync(claim, 1, "one");

        Assert.Equal(RecordStatus.Accepted, await ReleaseAsync(claim, 1, "one"));

        Assert.Equal(RecordStatus.Fenced, await ConfirmAsync(claim));
        Assert.Equal("one", Text((await ClaimAsync(Gone, seen: 1, claimer: Peer)).State));
    }

    [Fact]
    public async Task Write_AfterItsOwnRelease_IsFenced()
    {
        var claim = await ClaimedByMeAsync();
        await ReleaseAsync(claim, 2, "two");

        Assert.Equal(RecordStatus.Fenced, await WriteAsync(claim, 2, "two"));
        Assert.Equal(RecordStatus.Fenced, await WriteAsync(claim, 3, "three"));
        Assert.Equal(RecordStatus.Fenced, await HandOffAsync(claim, 3, "three"));
        await AssertStoredAsync(Me, 2, 2, "two");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task HandOff_GivesOwnerEpochAndStateInOneStep(bool hadARecord)
    {
        var claim = hadARecord ? await ClaimedByMeAsync() : SessionClaim.First;

        Assert.Equal(RecordStatus.Accepted, await HandOffAsync(claim, 4, "four"));
        Assert.Equal(RecordStatus.Accepted, await HandOffAsync(claim, 4, "four"));

        await AssertStoredAsync(Peer, claim.Epoch + 1, 4, "four");
        await AssertWholeLifetimeAsync();
        Assert.Equal(RecordStatus.Fenced, await WriteAsync(claim, 5, "five"));
        Assert.Equal(RecordStatus.Fenced, await ConfirmAsync(claim));

        // The next owner finds its claim in the record and goes on from there.
        var record = (await ReadAsync())!.Value;
        Assert.Equal(RecordStatus.Accepted, await WriteAsync(new SessionClaim(record.Epoch, record.Nonce), 5, "five", owner: Peer));
    }

    [Fact]
    public async Task HandOff_WithoutNewState_KeepsWhatIsStored()
    {
        var claim = await ClaimedByMeAsync();
        await WriteAsync(claim, 4, "four");

        await Records.HandOffAsync(Id, Me, claim, default, Always, Peer, NextNonce, Cancellation);

        await AssertStoredAsync(Peer, 3, 4, "four");
    }

    [Fact]
    public async Task HandOff_AfterAnotherClaimed_IsFenced()
    {
        var claim = await ClaimedByMeAsync();
        await ClaimAsync(Me, seen: 2, claimer: new NodeTag(12, 1));

        Assert.Equal(RecordStatus.Fenced, await HandOffAsync(claim, 4, "four"));
        Assert.Equal(new NodeTag(12, 1), (await ReadAsync())!.Value.Owner);
    }

    [Fact]
    public async Task HandOff_WithoutARecordAfterTheDeadline_IsTooLate()
    {
        Assert.Equal(RecordStatus.TooLate, await HandOffAsync(SessionClaim.First, 1, "one", Never));
        Assert.Null(await ReadAsync());
    }

    [Fact]
    public async Task Confirm_GivesTheRecordItsWholeLifetimeAgain()
    {
        var claim = await ClaimedByMeAsync();
        await Redis.Records.GetDatabase().KeyExpireAsync(Redis.SessionKey(Id.ToString()), TimeSpan.FromMinutes(1));

        Assert.Equal(RecordStatus.Accepted, await ConfirmAsync(claim));

        await AssertWholeLifetimeAsync();
    }

    [Fact]
    public async Task Confirm_OfAFirstOwner_NeedsNoRecord()
    {
        Assert.Equal(RecordStatus.Accepted, await ConfirmAsync(SessionClaim.First));
        Assert.Null(await ReadAsync());
    }

    [Fact]
    public async Task Confirm_OfALostRecord_PushesItAgain()
    {
        var claim = await ClaimedByMeAsync(above: 4);
        await LoseRecordAsync();

        Assert.Equal(RecordStatus.Accepted, await ConfirmAsync(claim));
        Assert.Equal(RecordStatus.Accepted, await ConfirmAsync(claim));

        var record = (await ReadAsync())!.Value;
        Assert.Equal((Me, 5u, claim.Nonce), (record.Owner, record.Epoch, record.Nonce));
        await AssertWholeLifetimeAsync();
    }

    [Fact]
    public async Task Confirm_OfARecordThatWentBackInTime_RaisesItAndKeepsTheState()
    {
        var mine = await ClaimedByMeAsync(above: 4);
        await LoseRecordAsync();
        await WriteAsync(SessionClaim.First, 3, "three", owner: Peer);

        Assert.Equal(RecordStatus.Accepted, await ConfirmAsync(mine));

        await AssertStoredAsync(Me, 5, 3, "three");
    }

    [Fact]
    public async Task Confirm_AfterAnotherClaimed_IsFencedAndNamesTheOwner()
    {
        await ClaimAsync(Me, seen: 1, claimer: Peer);

        Assert.Equal(
            new RecordAnswer(RecordStatus.Fenced, Peer, 2), await Records.ConfirmAsync(Id, Me, SessionClaim.First, Cancellation));
    }

    [Fact]
    public async Task WritesClaimsAndHandOffs_AtOnce_LeaveOneOwnerWhoseStateNobodyElseHasTouched()
    {
        // Three nodes fight for one session; each writes what it is sure to own, and hands it on now and then.
        NodeTag[] nodes = [Me, Peer, new(12, 1)];
        var accepted = await Task.WhenAll(nodes.Select(node => Task.Run(() => FightAsync(node, nodes), Cancellation)));

        // What was acknowledged in an epoch was written by that epoch's one owner, and nothing of it was lost.
        var all = accepted.SelectMany(writes => writes).ToArray();
        Assert.All(all.GroupBy(write => write.Epoch), epoch => Assert.Single(epoch.Select(write => write.Node).Distinct()));
        Assert.True(all.Select(write => write.Epoch).Distinct().Count() > 20, "the owner changed often");
        var last = all.MaxBy(write => write.Version);
        var stored = (await ReadAsync())!.Value.State;
        Assert.Equal((last.Version, $"{last.Node} {last.Version}"), (stored.Version, Text(stored)));
        Assert.Equal(all.Length, all.Select(write => write.Version).Distinct().Count());
    }

    private async Task<List<(NodeTag Node, uint Epoch, long Version)>> FightAsync(NodeTag node, NodeTag[] nodes)
    {
        var accepted = new List<(NodeTag, uint, long)>();
        for (var round = 0; round < 60; round++)
        {
            var known = await ReadAsync();
            var won = await ClaimAsync(known?.Owner ?? Gone, known?.Epoch ?? 1, node);
            if (won.Status != ClaimStatus.Owned)
            {
                continue;
            }

            var (claim, version) = (new SessionClaim(won.Epoch, won.Nonce), won.State.Version);
            for (var write = 0; write < 3; write++)
            {
                version++;
                if (await WriteAsync(claim, version, $"{node} {version}", owner: node) == RecordStatus.Accepted)
                {
                    accepted.Add((node, claim.Epoch, version));
                }
            }

            if (round % 5 == 0)
            {
                var next = nodes[(Array.IndexOf(nodes, node) + 1) % nodes.Length];
                await Records.HandOffAsync(Id, node, claim, default, Always, next, claim.Nonce + 1, Cancellation);
            }
        }

        return accepted;
    }

    private const ulong NextNonce = 0xfeed_face_cafe_beef;

    private async Task<SessionClaim> ClaimedByMeAsync(uint above = 1)
    {
        var result = await ClaimAsync(Gone, seen: above);
        Assert.Equal(ClaimStatus.Owned, result.Status);
        return new SessionClaim(result.Epoch, result.Nonce);
    }

    private async Task<RecordStatus> WriteAsync(
        SessionClaim claim, long version, string content, DateTimeOffset? createBefore = null, NodeTag? owner = null)
        => (await Records.WriteAsync(Id, owner ?? Me, claim, State(version, content), createBefore ?? Always, release: false, Cancellation)).Status;

    private async Task<RecordStatus> ReleaseAsync(SessionClaim claim, long version, string content)
        => (await Records.WriteAsync(Id, Me, claim, State(version, content), Always, release: true, Cancellation)).Status;

    private async Task<RecordStatus> HandOffAsync(SessionClaim claim, long version, string content, DateTimeOffset? createBefore = null)
        => (await Records.HandOffAsync(Id, Me, claim, State(version, content), createBefore ?? Always, Peer, NextNonce, Cancellation)).Status;

    private async Task<RecordStatus> ConfirmAsync(SessionClaim claim)
        => (await Records.ConfirmAsync(Id, Me, claim, Cancellation)).Status;

    private async Task AssertStoredAsync(NodeTag owner, uint epoch, long version, string content)
    {
        var record = (await ReadAsync())!.Value;
        Assert.Equal(
            (owner, epoch, version, content, false), (record.Owner, record.Epoch, record.State.Version, Text(record.State), record.Ended));
    }

    private async Task AssertWholeLifetimeAsync()
    {
        var left = await Redis.Records.GetDatabase().KeyTimeToLiveAsync(Redis.SessionKey(Id.ToString()));
        Assert.InRange(left!.Value, Lifetime - TimeSpan.FromMinutes(1), Lifetime);
    }

    private async Task<DateTimeOffset> ServerTimeAsync()
    {
        var time = (RedisValue[])(await Redis.Records.GetDatabase().ScriptEvaluateAsync(
            "return redis.call('TIME')", [Redis.SessionKey(Id.ToString())]))!;
        return DateTimeOffset.FromUnixTimeSeconds((long)time[0]);
    }

    private static StoredState State(long version, string content) => new(version, 1, Encoding.UTF8.GetBytes(content));

    private static string Text(StoredState state) => Encoding.UTF8.GetString(state.Snapshot.Span);
}

public sealed class SessionRecordsOnGarnetTests(GarnetServerFixture server) : SessionRecordsTests(server);

public sealed class SessionRecordsOnRedisTests(RedisServerFixture server) : SessionRecordsTests(server);

public sealed class SessionRecordsOnRedisClusterTests(RedisClusterFixture server) : SessionRecordsTests(server);

public sealed class SessionRecordsBehindSentinelTests(SentinelFixture server) : SessionRecordsTests(server);
