using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Ownership;

/// <summary>What every server must give the directory; each test takes a session of its own.</summary>
public abstract class RedisOwnershipDirectoryTests(IRedisServer server) : IAsyncLifetime
{
    private static readonly NodeTag Gone = new(3, 0xdead);
    private static readonly NodeTag Me = OtherNodes.Me;
    private static readonly NodeTag Peer = OtherNodes.Peer;

    private readonly SessionId _id = SessionId.New();
    private readonly OtherNodes _nodes = new();
    private readonly ServiceProvider _policies = new ServiceCollection().AddPolicies().BuildServiceProvider();
    private TestConnections _redis = null!;
    private RedisOwnershipDirectory _directory = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await TestConnections.ConnectAsync(await server.ConfigurationAsync());
        _directory = Directory(_redis);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _policies.DisposeAsync();
        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }
    }

    [Fact]
    public async Task Read_WithoutARecord_IsNull() => Assert.Null(await ReadAsync());

    [Fact]
    public async Task Claim_OfASessionThatNeverChangedItsOwner_WritesItsRecord()
    {
        Assert.Equal(Owned(2), await ClaimAsync(Gone, seen: 1));

        Assert.Equal(new OwnershipRecord(Me, 2, Ended: false), await ReadAsync());
        var expiry = await _redis.Records.GetDatabase().KeyTimeToLiveAsync(_redis.SessionKey(_id.ToString()));
        Assert.InRange(expiry!.Value, TimeSpan.FromDays(7) - TimeSpan.FromMinutes(1), TimeSpan.FromDays(7));
    }

    [Fact]
    public async Task Claim_Again_GivesTheSameEpoch()
    {
        await ClaimAsync(Gone, seen: 1);

        Assert.Equal(Owned(2), await ClaimAsync(Gone, seen: 1));
    }

    [Fact]
    public async Task Claim_AfterAnotherNode_LearnsTheWinner()
    {
        await ClaimAsync(Gone, seen: 1);

        Assert.Equal(new ClaimResult(ClaimStatus.OwnedByOther, Me, 2), await ClaimAsync(Gone, seen: 1, claimer: Peer));
    }

    [Fact]
    public async Task Claim_FromTheOwnerOfTheRecord_RaisesItsEpoch()
    {
        await ClaimAsync(Gone, seen: 1);

        Assert.Equal(new ClaimResult(ClaimStatus.Owned, Peer, 3), await ClaimAsync(Me, seen: 2, claimer: Peer));
        Assert.Equal(new ClaimResult(ClaimStatus.Owned, Peer, 3), await ClaimAsync(Me, seen: 2, claimer: Peer));
        Assert.Equal(Owned(4), await ClaimAsync(Peer, seen: 1));
    }

    [Fact]
    public async Task Claim_WithATokenNewerThanTheRecord_OwnsAboveTheToken()
    {
        // A failover lost writes, and the record went back in time.
        await ClaimAsync(Gone, seen: 1, claimer: Peer);

        Assert.Equal(Owned(8), await ClaimAsync(Gone, seen: 7));
        Assert.Equal(new ClaimResult(ClaimStatus.OwnedByOther, Me, 8), await ClaimAsync(Gone, seen: 7, claimer: Peer));
    }

    [Fact]
    public async Task Claim_AtTheHighestEpochs_CountsOn()
    {
        _nodes.Answer = OtherNodes.Says(HoldsStatus.NotHeld, 0);

        Assert.Equal(Owned(uint.MaxValue), await ClaimAsync(Gone, seen: uint.MaxValue - 1));
        Assert.Equal(uint.MaxValue, (await ReadAsync())!.Value.Epoch);
    }

    [Fact]
    public async Task Claim_ByManyNodesAtOnce_HasOneWinner()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => ClaimAsync(Gone, seen: 1, claimer: new NodeTag(20, (uint)(i % 10)))));

        var winner = (await ReadAsync())!.Value;
        Assert.All(results, result => Assert.Equal((winner.Owner, 2u), (result.Owner, result.Epoch)));
        Assert.Equal(10, results.Count(result => result.Status == ClaimStatus.Owned));
    }

    [Fact]
    public async Task Claim_WhenTheRecordWasLostAndNobodyHoldsTheSession_CreatesIt()
        => Assert.Equal(Owned(6), await ClaimAsync(Gone, seen: 5));

    [Fact]
    public async Task Claim_WhenTheRecordWasLostAndAPeerHoldsTheSession_LearnsIt()
    {
        _nodes.Answer = OtherNodes.Says(HoldsStatus.Held, 5);

        Assert.Equal(new ClaimResult(ClaimStatus.OwnedByOther, Peer, 5), await ClaimAsync(Gone, seen: 5));
        Assert.Null(await ReadAsync());
    }

    [Fact]
    public async Task Claim_WhenTheRecordWasLostAndAPeerHoldsAStaleCopy_CreatesIt()
    {
        _nodes.Answer = OtherNodes.Says(HoldsStatus.Held, 4);

        Assert.Equal(Owned(6), await ClaimAsync(Gone, seen: 5));
    }

    [Fact]
    public async Task Claim_WhenTheRecordWasLostAndThePeersProcessIsDead_CreatesIt()
    {
        _nodes.Answer = new PeerAnswer(PeerAnswerStatus.Refused, default);

        Assert.Equal(Owned(6), await ClaimAsync(Gone, seen: 5));
    }

    [Fact]
    public async Task Claim_WhenTheRecordWasLostAndAPeerIsSilent_IsUnavailableAndNamesIt()
    {
        _nodes.Answer = null;

        var error = await Assert.ThrowsAsync<DirectoryUnavailableException>(() => ClaimAsync(Gone, seen: 5));
        Assert.Contains("web-11", error.Message, StringComparison.Ordinal);
        Assert.Null(await ReadAsync());
    }

    [Fact]
    public async Task Claim_WhenTheRecordWasLostAndAPeerEndedTheSession_IsEnded()
    {
        _nodes.Answer = OtherNodes.Says(HoldsStatus.Ended, 6);

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

        Assert.Equal(new OwnershipRecord(default, epoch + 1, Ended: true), await ReadAsync());
        Assert.Equal(new ClaimResult(ClaimStatus.Ended, default, epoch + 1), await ClaimAsync(Gone, seen: 1));
        Assert.Equal(ClaimStatus.Ended, (await ClaimAsync(Gone, seen: 9)).Status);
        var expiry = await _redis.Records.GetDatabase().KeyTimeToLiveAsync(_redis.SessionKey(_id.ToString()));
        Assert.InRange(expiry!.Value, TimeSpan.FromMinutes(59), TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task AnyCall_WhileRedisIsAway_IsUnavailable()
    {
        await using var nowhere = await TestConnections.ConnectAsync($"127.0.0.1:{FreePort.Next()},connectTimeout=500");
        var directory = Directory(nowhere);
        var cancellation = TestContext.Current.CancellationToken;

        await Assert.ThrowsAsync<DirectoryUnavailableException>(async () => await directory.ReadAsync(_id, cancellation));
        await Assert.ThrowsAsync<DirectoryUnavailableException>(async () => await directory.ClaimAsync(_id, Gone, 1, Me, cancellation));
        await Assert.ThrowsAsync<DirectoryUnavailableException>(async () => await directory.EndAsync(_id, 1, TimeSpan.FromHours(1), cancellation));
    }

    [Fact]
    public async Task Claim_WhenTheCallerHasGivenUp_IsCancelled()
        => await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await _directory.ClaimAsync(_id, Gone, 1, Me, new CancellationToken(canceled: true)));

    private protected RedisOwnershipDirectory Directory(TestConnections connections)
        => new(connections, new HolderSearch(_nodes, _nodes, TimeProvider.System), _policies.GetRequiredService<PolicyResolver>());

    private static ClaimResult Owned(uint epoch) => new(ClaimStatus.Owned, Me, epoch);

    private async Task<OwnershipRecord?> ReadAsync() => await _directory.ReadAsync(_id, TestContext.Current.CancellationToken);

    private async Task EndAsync(uint epoch, TimeSpan keepFor)
        => await _directory.EndAsync(_id, epoch, keepFor, TestContext.Current.CancellationToken);

    private async Task<ClaimResult> ClaimAsync(NodeTag expected, uint seen, NodeTag? claimer = null)
        => await _directory.ClaimAsync(_id, expected, seen, claimer ?? Me, TestContext.Current.CancellationToken);
}

public sealed class GarnetOwnershipDirectoryTests(GarnetServerFixture server) : RedisOwnershipDirectoryTests(server);

public sealed class RedisServerOwnershipDirectoryTests(RedisServerFixture server) : RedisOwnershipDirectoryTests(server)
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

        Assert.Equal(new ClaimResult(ClaimStatus.Owned, OtherNodes.Me, 2), result);
        redis.BeforeUse = null;
        Assert.Equal(new OwnershipRecord(OtherNodes.Me, 2, Ended: false), await directory.ReadAsync(id, cancellation));
    }
}
