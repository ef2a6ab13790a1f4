using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Ownership;

/// <summary>A first claim finds no record, as none is needed; or because Redis has just lost it, and nobody has noticed yet.</summary>
public abstract class UnopposedClaimTests(IRedisServer server) : RecordsTestBase(server)
{
    [Fact]
    public async Task FirstClaim_IsUnopposed_AndNoOtherClaimIs()
    {
        Assert.True((await ClaimAsync(Gone, seen: 1)).IsUnopposed);
        Assert.False((await ClaimAsync(Me, seen: 2)).IsUnopposed);
        await LoseRecordAsync();
        Assert.False((await ClaimAsync(Gone, seen: 5)).IsUnopposed);
    }

    [Fact]
    public async Task FirstClaim_WhenRedisIsAsItWas_StandsAndNobodyIsAsked()
    {
        var won = await ClaimAsync(Gone, seen: 1);

        Assert.Equal(won, await Records.ReconsiderAsync(Id, won));
        Assert.Equal((1, 0), (Nodes.Refreshes, Nodes.Asked));
    }

    [Theory]
    [InlineData(2u)] // the same epoch, in another history
    [InlineData(7u)]
    public async Task FirstClaim_WhenTheNextBeatFindsALoss_AndAPeerHoldsTheSession_IsTakenBack(uint heldAt)
    {
        Nodes.Answer = OtherNodes.Says(HoldsStatus.Held, heldAt);
        Nodes.WhenRefreshed = Doubt.Arise;
        var won = await ClaimAsync(Gone, seen: 1);

        Assert.Equal(new ClaimResult(ClaimStatus.OwnedByOther, Peer, heldAt), await Records.ReconsiderAsync(Id, won));
        Assert.Equal(new OwnershipRecord(Peer, heldAt, Ended: false), await OwnerAsync()); // as the peer says, until it has pushed its record
        Nodes.Answer = OtherNodes.Says(HoldsStatus.NotHeld, 0);
        Assert.Null(await OwnerAsync());
    }

    [Fact]
    public async Task FirstClaim_WhenTheNextBeatFindsALoss_AndThePeerHasPushedItsRecordAlready_LeavesThat()
    {
        var won = await ClaimAsync(Gone, seen: 1);
        Assert.Equal(RecordStatus.Accepted, (await Records.ConfirmAsync(Id, Peer, new SessionClaim(7, 77), Cancellation)).Status);
        Nodes.Answer = OtherNodes.Says(HoldsStatus.Held, 7);
        Nodes.WhenRefreshed = Doubt.Arise;

        await Records.ReconsiderAsync(Id, won);

        Assert.Equal(77ul, (await ReadAsync())!.Value.Nonce);
    }

    [Fact]
    public async Task FirstClaim_WhenTheNextBeatFindsALoss_AndNobodyHoldsTheSession_Stands()
    {
        Nodes.WhenRefreshed = Doubt.Arise;
        var won = await ClaimAsync(Gone, seen: 1);

        Assert.Equal(won, await Records.ReconsiderAsync(Id, won));
        Assert.Equal(1, Nodes.Asked);
    }

    [Fact]
    public async Task FirstClaim_WhenTheNextBeatFails_IsNotActedUpon()
    {
        using var lapsed = new NodeLease(TimeSpan.FromSeconds(5), TimeProvider.System);
        Nodes.Lease = lapsed;
        var won = await ClaimAsync(Gone, seen: 1);

        await Assert.ThrowsAsync<DirectoryUnavailableException>(() => Records.ReconsiderAsync(Id, won).AsTask());
    }

    [Fact]
    public async Task Read_OfASessionWithoutARecord_WhenRedisHasLostWrites_NamesThePeerThatHoldsIt()
    {
        Nodes.Answer = OtherNodes.Says(HoldsStatus.Held, 7);
        Assert.Null(await ReadAsync());

        Doubt.Arise();

        Assert.Equal(new OwnershipRecord(Peer, 7, Ended: false), await OwnerAsync());
    }
}

public sealed class UnopposedClaimOnRedisTests(RedisServerFixture server) : UnopposedClaimTests(server);

public sealed class UnopposedClaimOnGarnetTests(GarnetServerFixture server) : UnopposedClaimTests(server);

public sealed class UnopposedClaimOnRedisClusterTests(RedisClusterFixture server) : UnopposedClaimTests(server);
