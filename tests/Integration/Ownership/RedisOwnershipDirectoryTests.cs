using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Ownership;

/// <summary>What every server must give the directory; each test takes a session of its own.</summary>
public abstract class RedisOwnershipDirectoryTests(IRedisServer server) : RecordsTestBase(server)
{
    [Fact]
    public async Task Read_WithoutARecord_IsNull() => Assert.Null(await ReadAsync());

    [Fact]
    public async Task Claim_OfASessionThatNeverChangedItsOwner_WritesItsRecord()
    {
        Assert.Equal(Owned(2), await ClaimedAsync(Gone, seen: 1));

        Assert.Equal(new OwnershipRecord(Me, 2, Ended: false), await OwnerAsync());
        var expiry = await Redis.Records.GetDatabase().KeyTimeToLiveAsync(Redis.SessionKey(Id.ToString()));
        Assert.InRange(expiry!.Value, Lifetime - TimeSpan.FromMinutes(1), Lifetime);
    }

    [Fact]
    public async Task Claim_Again_GivesTheSameEpoch()
    {
        await ClaimAsync(Gone, seen: 1);

        Assert.Equal(Owned(2), await ClaimedAsync(Gone, seen: 1));
    }

    [Fact]
    public async Task Claim_Again_GivesTheSameNonce_AndANewClaimAnother()
    {
        var first = await ClaimAsync(Gone, seen: 1);
        var again = await ClaimAsync(Gone, seen: 1);
        var next = await ClaimAsync(Me, seen: 2, claimer: Peer);

        Assert.NotEqual(0ul, first.Nonce);
        Assert.Equal(first.Nonce, again.Nonce);
        Assert.NotEqual(first.Nonce, next.Nonce);
        Assert.Equal(next.Nonce, (await ReadAsync())!.Value.Nonce);
    }

    [Fact]
    public async Task Claim_WhenTheRecordWentBackInTimeAndAPeerHoldsTheSession_LearnsIt()
    {
        await ClaimAsync(Gone, seen: 1);
        Nodes.Answer = OtherNodes.Says(HoldsStatus.Held, 8);

        Assert.Equal(new ClaimResult(ClaimStatus.OwnedByOther, Peer, 8), await ClaimedAsync(Gone, seen: 7));
        Assert.Equal(2u, (await OwnerAsync())!.Value.Epoch);
    }

    [Fact]
    public async Task Claim_AfterAnotherNode_LearnsTheWinner()
    {
        await ClaimAsync(Gone, seen: 1);

        Assert.Equal(new ClaimResult(ClaimStatus.OwnedByOther, Me, 2), await ClaimedAsync(Gone, seen: 1, claimer: Peer));
    }

    [Fact]
    public async Task Claim_FromTheOwnerOfTheRecord_RaisesItsEpoch()
    {
        await ClaimAsync(Gone, seen: 1);

        Assert.Equal(new ClaimResult(ClaimStatus.Owned, Peer, 3), await ClaimedAsync(Me, seen: 2, claimer: Peer));
        Assert.Equal(new ClaimResult(ClaimStatus.Owned, Peer, 3), await ClaimedAsync(Me, seen: 2, claimer: Peer));
        Assert.Equal(Owned(4), await ClaimedAsync(Peer, seen: 1));
    }

    [Fact]
    public async Task Claim_WithATokenNewerThanTheRecord_OwnsAboveTheToken()
    {
        // A failover lost writes, and the record went back in time.
        await ClaimAsync(Gone, seen: 1, claimer: Peer);

        Assert.Equal(Owned(8), await ClaimedAsync(Gone, seen: 7));
        Assert.Equal(new ClaimResult(ClaimStatus.OwnedByOther, Me, 8), await ClaimedAsync(Gone, seen: 7, claimer: Peer));
    }

    [Fact]
    public async Task Claim_AtTheHighestEpochs_CountsOn()
    {
        Nodes.Answer = OtherNodes.Says(HoldsStatus.NotHeld, 0);

        Assert.Equal(Owned(uint.MaxValue), await ClaimedAsync(Gone, seen: uint.MaxValue - 1));
        Assert.Equal(uint.MaxValue, (await OwnerAsync())!.Value.Epoch);
    }

    [Fact]
    public async Task Claim_ByManyNodesAtOnce_HasOneWinner()
    {
        // Each asks twice, as after a lost reply.
        var results = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => ClaimAsync(Gone, seen: 1, claimer: new NodeTag(20, (uint)(i % 50)))));

        var winner = (await ReadAsync())!.Value;
        Assert.All(results, result => Assert.Equal((winner.Owner, 2u), (result.Owner, result.Epoch)));
        var won = results.Where(result => result.Status == ClaimStatus.Owned).ToArray();
        Assert.Equal([winner.Nonce, winner.Nonce], won.Select(result => result.Nonce));
    }

    [Fact]
    public async Task Claim_WhenTheRecordWasLostAndNobodyHoldsTheSession_CreatesIt()
        => Assert.Equal(Owned(6), await ClaimedAsync(Gone, seen: 5));

    [Fact]
    public async Task Claim_WithATokenOfTheFirstEpoch_WhenRedisHasLostWrites_AsksWhoHoldsTheSession()
    {
        Nodes.Answer = OtherNodes.Says(HoldsStatus.Held, 2);
        Doubt.Arise();

        Assert.Equal(new ClaimResult(ClaimStatus.OwnedByOther, Peer, 2), await ClaimedAsync(Gone, seen: 1));
        Nodes.Answer = OtherNodes.Says(HoldsStatus.NotHeld, 0);
        Assert.Null(await OwnerAsync());
    }

    [Fact]
    public async Task Claim_WithATokenOfTheFirstEpoch_WhenRedisHasLostWritesAndNobodyHoldsTheSession_CreatesItsRecord()
    {
        Doubt.Arise();

        Assert.Equal(Owned(2), await ClaimedAsync(Gone, seen: 1));
    }

    [Fact]
    public async Task Claim_WhenTheRecordWasLostAndAPeerHoldsTheSession_LearnsIt()
    {
        Nodes.Answer = OtherNodes.Says(HoldsStatus.Held, 5);

        Assert.Equal(new ClaimResult(ClaimStatus.OwnedByOther, Peer, 5), await ClaimedAsync(Gone, seen: 5));
        Assert.Null(await OwnerAsync());
    }

    [Fact]
    public async Task Claim_WhenTheRecordWasLostAndAPeerHoldsAStaleCopy_CreatesIt()
    {
        Nodes.Answer = OtherNodes.Says(HoldsStatus.Held, 4);

        Assert.Equal(Owned(6), await ClaimedAsync(Gone, seen: 5));
    }

    [Fact]
    public async Task Claim_WhenTheRecordWasLostAndThePeersProcessIsDead_CreatesIt()
    {
        Nodes.Answer = new PeerAnswer(PeerAnswerStatus.Refused, default);

        Assert.Equal(Owned(6), await ClaimedAsync(Gone, seen: 5));
    }

    [Fact]
    public async Task Claim_WhenTheRecordWasLostAndAPeerIsSilent_IsUnavailableAndNamesIt()
    {
        Nodes.Answer = null;

        var error = await Assert.ThrowsAsync<DirectoryUnavailableException>(() => ClaimAsync(Gone, seen: 5));
        Assert.Contains("web-11", error.Message, StringComparison.Ordinal);
        Assert.Null(await OwnerAsync());
    }

    [Fact]
    public async Task Claim_WhenTheRecordWasLostAndAPeerEndedTheSession_IsEnded()
    {
        Nodes.Answer = OtherNodes.Says(HoldsStatus.Ended, 6);

        Assert.Equal(ClaimStatus.Ended, (await ClaimAsync(Gone, seen: 5)).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task End_WithOrWithoutARecord_LeavesATombstone(bool changedItsOwner)
    {
        var epoch = changedItsOwner ? (await ClaimAsync(Gone, seen: 1)).Epoch : 1;

        await EndAsync(epoch, TimeSpan.FromHours(1));
        await EndAsync(epoch, TimeSpan.FromHours(1));

        Assert.Equal(new OwnershipRecord(default, epoch + 1, Ended: true), await OwnerAsync());
        Assert.Equal(new ClaimResult(ClaimStatus.Ended, default, epoch + 1), await ClaimedAsync(Gone, seen: 1));
        Assert.Equal(ClaimStatus.Ended, (await ClaimAsync(Gone, seen: 9)).Status);
        var expiry = await Redis.Records.GetDatabase().KeyTimeToLiveAsync(Redis.SessionKey(Id.ToString()));
        Assert.InRange(expiry!.Value, TimeSpan.FromMinutes(59), TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task AnyCall_WhileRedisIsAway_IsUnavailable()
    {
        await using var nowhere = await TestConnections.ConnectAsync($"127.0.0.1:{FreePort.Next()},connectTimeout=500");
        var directory = Directory(nowhere);
        var cancellation = TestContext.Current.CancellationToken;

        await Assert.ThrowsAsync<DirectoryUnavailableException>(async () => await directory.ReadAsync(Id, cancellation));
        await Assert.ThrowsAsync<DirectoryUnavailableException>(async () => await directory.ClaimAsync(Id, Gone, 1, Me, cancellation));
        await Assert.ThrowsAsync<DirectoryUnavailableException>(async () => await directory.EndAsync(Id, 1, TimeSpan.FromHours(1), cancellation));
    }

    [Fact]
    public async Task Claim_WhenTheCallerHasGivenUp_IsCancelled()
        => await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await Records.ClaimAsync(Id, Gone, 1, Me, new CancellationToken(canceled: true)));
}

public sealed class OwnershipDirectoryOnGarnetTests(GarnetServerFixture server) : RedisOwnershipDirectoryTests(server);

public sealed class OwnershipDirectoryOnRedisClusterTests(RedisClusterFixture server) : RedisOwnershipDirectoryTests(server);

public sealed class OwnershipDirectoryBehindSentinelTests(SentinelFixture server) : RedisOwnershipDirectoryTests(server);

public sealed class OwnershipDirectoryOnRedisTests(RedisServerFixture server) : RedisOwnershipDirectoryTests(server)
{
    [Fact]
    public async Task Claim_WhoseFirstReplyCameTooLate_HappensOnce()
    {
        await using var server = await RedisServerProcess.StartOrSkipAsync();
        await using var redis = await TestConnections.ConnectAsync(server.Configuration, timeoutInMilliseconds: 2_000);
        var directory = Directory(redis);
        var (id, cancellation) = (SessionId.New(), TestContext.Current.CancellationToken);
        await directory.ReadAsync(id, cancellation);

        // The first attempt reaches a frozen server and times out; the server runs it after all, just before the second one.
        server.Freeze();
        redis.BeforeUse = use =>
        {
            if (use == 2)
            {
                server.Thaw();
            }
        };
        var result = await directory.ClaimAsync(id, new NodeTag(3, 3), 1, OtherNodes.Me, cancellation);

        redis.BeforeUse = null;
        var record = (await directory.ReadAsync(id, cancellation))!.Value;
        Assert.Equal((ClaimStatus.Owned, OtherNodes.Me, 2u, record.Nonce), (result.Status, result.Owner, result.Epoch, result.Nonce));
        Assert.Equal((OtherNodes.Me, 2u, false), (record.Owner, record.Epoch, record.Ended));
    }
}
