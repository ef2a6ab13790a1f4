using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Forwarding;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tests.Unit.Ownership;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Middleware;

/// <summary>What a node makes of tokens and of late answers, by what it holds, has held and has given away.</summary>
public sealed class SessionRouterTests : IDisposable
{
    private static readonly Node Other = Nodes.New(2);
    private static readonly Node Self = Nodes.New(3);
    private static readonly NodeTag Gone = new(1, 1);

    private readonly FakeTimeProvider _time = new();
    private readonly RecordTable _records = new();
    private readonly FakeMembership _membership = new(Self, Other);
    private readonly HeldSessions _held;
    private readonly LostOwners _lost;
    private readonly StickyMetrics _metrics;
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly SessionRouter _router;
    private readonly StickyPolicy _policy = new(StickyPolicy.DefaultName, new StickyPolicyOptions());
    private readonly SessionId _id;

    public SessionRouterTests()
    {
        _id = SessionThatIsClaimedBy(Self);
        _held = new HeldSessions(_time);
        _lost = new LostOwners(_membership, _time);
        _metrics = new StickyMetrics(_services.GetRequiredService<IMeterFactory>());
        var node = new NodeStage();
        var own = new OwnSessions(
            node,
            _membership,
            _held,
            new SessionMoves(_held),
            _records,
            new ClaimCoordinator(_records, _membership.Lease, _time, NullLogger<ClaimCoordinator>.Instance),
            new SessionVerification(_records, _held, _membership, NullLogger<SessionVerification>.Instance),
            _metrics);
        _router = new SessionRouter(node, _membership, _held, own, _lost, null!, null!, _metrics);
    }

    public void Dispose()
    {
        _lost.Dispose();
        _metrics.Dispose();
        _services.Dispose();
    }

    [Fact]
    public async Task SlowRead_ThatNamesThisNode_AfterItGaveTheSessionAway_IsNotAdopted()
    {
        _records.Record = new OwnershipRecord(Self.Tag, 2, Ended: false);
        var reply = HoldReplies();
        var slow = FindAsync(Self.Tag, 2);
        HandOff(epoch: 2);
        ReleaseReplies(reply);

        var route = await slow;

        Assert.Equal((RouteKind.There, Other.Tag), (route.Kind, route.Target?.Tag));
        Assert.Equal(3u, route.Token.Epoch);
        Assert.Equal(0, _held.Count);
    }

    [Fact]
    public async Task SlowClaimReply_AfterThisNodeGaveTheSessionAway_IsNotAdopted()
    {
        var reply = HoldReplies();
        var slow = FindAsync(Gone, 1);
        Assert.Equal(1, _records.Claims);
        HandOff(epoch: 2);
        ReleaseReplies(reply);

        var route = await slow;

        Assert.Equal((RouteKind.There, Other.Tag), (route.Kind, route.Target?.Tag));
        Assert.Equal(0, _held.Count);
    }

    [Fact]
    public async Task Record_ThatStillNamesThisNodeAfterItGaveTheSessionUp_IsClaimedAbove()
    {
        _records.Record = new OwnershipRecord(Self.Tag, 2, Ended: false);
        _held.Drop(Hold(2));

        var route = await FindAsync(Self.Tag, 2);

        Assert.Equal(3u, route.Session?.Epoch);
        Assert.Equal(new OwnershipRecord(Self.Tag, 3, Ended: false), _records.Record);
    }

    [Fact]
    public async Task Record_ThatNamesThisNodeFarBelowWhatItGaveAway_IsClaimedAboveThatAtOnce()
    {
        _records.Record = new OwnershipRecord(Self.Tag, 2, Ended: false);
        _held.Drop(Hold(2), ownedElsewhereAt: 9);

        Assert.Equal(10u, (await FindAsync(Self.Tag, 2)).Session?.Epoch);
        Assert.Equal(1, _records.Claims);
    }

    [Fact]
    public async Task Record_ThatWentBackInTimeBelowTheToken_IsClaimedAboveTheToken()
    {
        _records.Record = new OwnershipRecord(Self.Tag, 2, Ended: false);

        var route = await FindAsync(Self.Tag, 5);

        Assert.Equal(6u, route.Session?.Epoch);
    }

    [Fact]
    public async Task SlowClaimReply_AfterTheEndOfTheSessionWasLearnt_DoesNotReviveIt()
    {
        var reply = HoldReplies();
        var slow = FindAsync(Gone, 1);
        Hold(2).End();
        _records.Record = new OwnershipRecord(default, 3, Ended: true);
        _records.SlowReply = Task.CompletedTask;
        Assert.Equal(RouteKind.NewSession, (await FindAsync(Gone, 2)).Kind);
        ReleaseReplies(reply);

        Assert.Equal(RouteKind.NewSession, (await slow).Kind);
        Assert.True(_held.Find(_id)?.IsEnded);
    }

    [Fact]
    public async Task EndThatAClaimLearns_IsRememberedByTheMemory()
    {
        var held = Hold(1);
        _records.Record = new OwnershipRecord(default, 3, Ended: true);

        Assert.Equal(RouteKind.NewSession, (await FindAsync(Gone, 1)).Kind);

        Assert.True(held.IsLost);
        Assert.Equal(EnterStatus.Ended, _held.Adopt(_id, 2, _time.GetUtcNow(), _policy, out _));
    }

    [Fact]
    public async Task OldToken_WhoseOwnerIsGone_IsServedByThisNodesLaterMemory()
    {
        // Another node would be the candidate, and it may remember an epoch in between.
        var id = SessionThatIsClaimedBy(Other);
        var held = Hold(3, id);

        var route = await FindAsync(Gone, 1, id);

        Assert.Same(held, route.Session);
        Assert.Equal(0, _records.Claims);
    }

    [Fact]
    public async Task OldToken_WhoseOwnerLives_IsServedByThisNodesLaterMemory()
    {
        var held = Hold(3);

        Assert.Same(held, (await FindAsync(Other.Tag, 2)).Session);
    }

    [Fact]
    public async Task OldToken_WhenThisNodesLaterMemoryIsUnverifiedAndLost_GoesToTheOwner()
    {
        var held = Hold(3);
        _held.DoubtAll();
        _records.Record = new OwnershipRecord(Other.Tag, 4, Ended: false);

        var route = await FindAsync(Gone, 1);

        Assert.Equal((Other.Tag, 4u), (route.Target!.Tag, route.Token.Epoch));
        Assert.True(held.IsLost);
    }

    [Fact]
    public async Task Token_OfAnotherOwnerAtTheSameEpoch_GoesToThatOwner()
    {
        Hold(2);

        Assert.Equal(Other.Tag, (await FindAsync(Other.Tag, 2)).Target?.Tag);
    }

    private TaskCompletionSource HoldReplies()
    {
        var reply = new TaskCompletionSource();
        _records.SlowReply = reply.Task;
        return reply;
    }

    private void ReleaseReplies(TaskCompletionSource reply)
    {
        _records.SlowReply = Task.CompletedTask;
        reply.SetResult();
    }

    /// <summary>This node adopts the session by an answer that came earlier, and gives it to the other one.</summary>
    private void HandOff(uint epoch)
    {
        _held.Drop(Hold(epoch));
        _records.Record = new OwnershipRecord(Other.Tag, epoch + 1, Ended: false);
    }

    [Fact]
    public async Task PlacedSession_ThatThisNodeHoldsAlready_IsNotEnteredAgain()
    {
        var held = Hold(1);
        var running = held.Running;

        var route = await ReceiveAsync(ForwardPurpose.Place, Self.Tag, 1);

        Assert.Equal(RouteKind.NewSession, route.Kind);
        Assert.Equal(running, held.Running);
    }

    [Fact]
    public async Task PlacedSession_ThatWasMeantForAnotherNode_IsNotHeld()
    {
        var route = await ReceiveAsync(ForwardPurpose.Place, Other.Tag, 1);

        Assert.Equal(RouteKind.NewSession, route.Kind);
        Assert.Equal(0, _held.Count);
    }

    [Theory]
    [InlineData(SessionDurability.BeforeResponse, 1u)]
    [InlineData(SessionDurability.BeforeResponse, 2u)]
    [InlineData(SessionDurability.Async, 1u)]
    public async Task SessionThatThisNodeWasHanded_WhileItsRecordCannotBeRead_IsNotReplacedByANewOne(SessionDurability durability, uint epoch)
    {
        _records.SlowReply = Task.FromException(new DirectoryUnavailableException("away"));

        var route = await FindAsync(Self.Tag, epoch, policy: new StickyPolicy(StickyPolicy.DefaultName, new StickyPolicyOptions { Durability = durability }));

        Assert.Equal((RouteKind.Nowhere, StickyReasons.DirectoryUnavailable), (route.Kind, route.Reason));
    }

    [Fact]
    public async Task SessionThatKeepsNothing_WhileItsRecordCannotBeRead_BeginsAnew()
    {
        _records.SlowReply = Task.FromException(new DirectoryUnavailableException("away"));

        Assert.Equal(RouteKind.NewSession, (await FindAsync(Self.Tag, 2)).Kind);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SessionThatEndedHere_IsReplacedByANewOneOnceAllNodesCanKnow(bool isForwarded)
    {
        var policy = new StickyPolicy(StickyPolicy.DefaultName, new StickyPolicyOptions { OnRedisLost = RedisLostBehavior.PreferConsistency });
        Assert.Equal(EnterStatus.Entered, _held.Adopt(_id, 1, _time.GetUtcNow(), policy, out var session));
        session!.End();
        _records.SlowReply = Task.FromException(new DirectoryUnavailableException("away"));
        var refused = await AskAsync();
        Assert.Equal((RouteKind.Nowhere, StickyReasons.DirectoryUnavailable), (refused.Kind, refused.Reason));

        _records.SlowReply = Task.CompletedTask;

        Assert.Equal(RouteKind.NewSession, (await AskAsync()).Kind);
        Assert.True(_records.Record?.Ended);

        Task<SessionRoute> AskAsync() => isForwarded ? ReceiveAsync(ForwardPurpose.Serve, Self.Tag, 1) : FindAsync(Self.Tag, 1, policy: policy);
    }

    private Task<SessionRoute> ReceiveAsync(ForwardPurpose purpose, NodeTag owner, uint epoch)
    {
        var token = new StickyToken(_id, owner, epoch, _time.GetUtcNow(), _time.GetUtcNow());
        return _router.ReceiveAsync(new ForwardedSession(purpose, token, _policy.Name), _policy, TestContext.Current.CancellationToken).AsTask();
    }

    private HeldSession Hold(uint epoch, SessionId? id = null)
    {
        Assert.Equal(EnterStatus.Entered, _held.Adopt(id ?? _id, epoch, _time.GetUtcNow(), _policy, out var session));
        return session!;
    }

    private SessionId SessionThatIsClaimedBy(Node candidate)
    {
        while (true)
        {
            var id = SessionId.New();
            if (Rendezvous.Candidate(_membership.View, id, Gone, [])!.Tag == candidate.Tag)
            {
                return id;
            }
        }
    }

    private Task<SessionRoute> FindAsync(NodeTag owner, uint epoch, SessionId? id = null, StickyPolicy? policy = null)
    {
        var token = new StickyToken(id ?? _id, owner, epoch, _time.GetUtcNow(), _time.GetUtcNow());
        return _router.FindAsync(token, policy ?? _policy, refused: [], TestContext.Current.CancellationToken).AsTask();
    }
}
