using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class LostOwnersTests : IDisposable
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(10);
    /// <summary>For a wait that should have ended; the fake clock stands still meanwhile.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly Node Self = Nodes.New(1, "web-1");
    private static readonly Node Owner = Nodes.New(2, "web-2");

    private readonly FakeTimeProvider _time = new();
    private readonly FakeMembership _membership = new(Self, Owner);
    private readonly LostOwners _lost;

    public LostOwnersTests() => _lost = new LostOwners(_membership, _time);

    public void Dispose() => _lost.Dispose();

    [Fact]
    public void Reassign_OwnerGone_IsDecidedAtOnce()
    {
        _membership.Change(Self);

        Assert.Equal(OwnerLossKind.Reassign, Decided(Decide(OwnerLostBehavior.Reassign)).Kind);
    }

    [Fact]
    public void Reject_OwnerGone_LastsAsLongAsTheOwnerCouldHaveKeptTheSession()
    {
        var policy = Policy(OwnerLostBehavior.Reject);
        _membership.Change(Self, Nodes.New(3, "web-2")); // a namesake is another process
        var token = Token();
        _time.Advance(policy.IdleTimeout + policy.RenewAfter - TimeSpan.FromSeconds(1));
        Assert.Equal(OwnerLossKind.Reject, Decided(Decide(policy, token)).Kind);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(OwnerLossKind.SessionOver, Decided(Decide(policy, token)).Kind);
    }

    [Fact]
    public void Reject_OwnersProcessUnderANewTag_GetsItsSessionsBack()
    {
        var back = Nodes.New(3, "web-2", formerTags: Owner.Tag);
        _membership.Change(Self, back);

        var decision = Decided(Decide(OwnerLostBehavior.Reject));

        Assert.Equal((OwnerLossKind.Reassign, back), (decision.Kind, decision.Returned));
    }

    [Fact]
    public async Task Wait_OwnerThatNeverComes_EndsWhenTheTimeSinceItWentIsUp()
    {
        _membership.Change(Self);
        _time.Advance(Wait - TimeSpan.FromSeconds(2));
        var late = Decide(OwnerLostBehavior.WaitThenReassign);

        // The time counts from when the owner went, and not from when the request came.
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(late.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Null((await late.WaitAsync(Patience, TestContext.Current.CancellationToken)).Returned);
        Assert.Equal(0, _lost.Waiting);
        Assert.Equal(OwnerLossKind.Reassign, Decided(Decide(OwnerLostBehavior.WaitThenReassign)).Kind);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Wait_OwnerThatIsBack_EndsAtOnceWithIt(bool isSameProcess)
    {
        _membership.Change(Self);
        var waiting = Decide(OwnerLostBehavior.WaitThenReassign);
        var other = Nodes.New(3, "web-3");
        _membership.Change(Self, other, Nodes.New(4, "web-2", state: NodeState.Starting));
        Assert.False(waiting.IsCompleted);

        var back = isSameProcess ? Nodes.New(4, "web-2", state: NodeState.Active, formerTags: Owner.Tag) : Nodes.New(4, "web-2");
        _membership.Change(Self, other, back);

        Assert.Equal(back, (await waiting.WaitAsync(Patience, TestContext.Current.CancellationToken)).Returned);

        // However long ago it went: its other sessions follow it.
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(back, Decided(Decide(OwnerLostBehavior.WaitThenReassign)).Returned);
    }

    [Fact]
    public void Wait_OwnerThatWasGoneBeforeThisNodeLooked_CountsFromThisNodesStart()
    {
        var unknown = Token() with { Owner = new NodeTag(0, 99) };
        _time.Advance(Wait - TimeSpan.FromSeconds(1));
        Assert.False(Decide(Policy(OwnerLostBehavior.WaitThenReassign), unknown).IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(Decided(Decide(Policy(OwnerLostBehavior.WaitThenReassign), unknown)).Returned);
    }

    [Fact]
    public void Wait_OfMoreThanMayWait_IsRejected()
    {
        _membership.Change(Self);
        var waiting = Enumerable.Range(0, LostOwners.MaxWaiting).Select(_ => Decide(OwnerLostBehavior.WaitThenReassign)).ToArray();
        Assert.DoesNotContain(waiting, one => one.IsCompleted);

        Assert.Equal(OwnerLossKind.Reject, Decided(Decide(OwnerLostBehavior.WaitThenReassign)).Kind);
        Assert.Equal(LostOwners.MaxWaiting, _lost.Waiting);
    }

    [Fact]
    public async Task Wait_OfAClientThatGoes_Ends()
    {
        _membership.Change(Self);
        using var gone = new CancellationTokenSource();
        var waiting = _lost.DecideAsync(Token(), Policy(OwnerLostBehavior.WaitThenReassign), gone.Token).AsTask();
        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(0, _lost.Waiting);
    }

    private Task<OwnerLossDecision> Decide(OwnerLostBehavior behavior) => Decide(Policy(behavior), Token());

    private Task<OwnerLossDecision> Decide(StickyPolicy policy, StickyToken token)
        => _lost.DecideAsync(token, policy, TestContext.Current.CancellationToken).AsTask();

    private static OwnerLossDecision Decided(Task<OwnerLossDecision> decision)
    {
        Assert.True(decision.IsCompletedSuccessfully, "it does not wait");
        return decision.GetAwaiter().GetResult();
    }

    private StickyToken Token() => new(SessionId.New(), Owner.Tag, Epoch: 1, Created: _time.GetUtcNow(), Issued: _time.GetUtcNow());

    private static StickyPolicy Policy(OwnerLostBehavior behavior)
        => new(StickyPolicy.DefaultName, new StickyPolicyOptions { OnOwnerLost = behavior, OwnerLostWait = Wait });
}
