using StickySessions.Ownership;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Ownership;

/// <summary>What an owner may write into the record of its session, and what it may not any more, on every server.</summary>
public abstract class SessionRecordsTests(IRedisServer server) : SessionRecordsTestBase(server)
{
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

        Assert.Equal(new RecordAnswer(RecordStatus.Fenced, Peer, 2, Version: 1), answer);
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
}

public sealed class SessionRecordsOnGarnetTests(GarnetServerFixture server) : SessionRecordsTests(server);

public sealed class SessionRecordsOnRedisTests(RedisServerFixture server) : SessionRecordsTests(server);

public sealed class SessionRecordsOnRedisClusterTests(RedisClusterFixture server) : SessionRecordsTests(server);

public sealed class SessionRecordsBehindSentinelTests(SentinelFixture server) : SessionRecordsTests(server);
