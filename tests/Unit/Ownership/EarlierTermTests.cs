using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

/// <summary>What a node holds from before it was declared gone is its own again only once it has claimed it.</summary>
public sealed class EarlierTermTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly NodeLease _lease;
    private readonly HeldSessions _held;
    private readonly StickyPolicy _policy = new(StickyPolicy.DefaultName, new StickyPolicyOptions());
    private readonly HeldSession _session;

    public EarlierTermTests()
    {
        _lease = new NodeLease(TimeSpan.FromSeconds(5), _time);
        _lease.Renew(_lease.Now);
        _held = new HeldSessions(_time, _lease);
        _held.Adopt(SessionId.New(), new SessionClaim(12, 1), _time.GetUtcNow(), _policy, out var session);
        _held.Exit(session!);
        _session = session!;
        _lease.Expire();
        _lease.Renew(_lease.Now);
    }

    public void Dispose() => _lease.Dispose();

    [Theory]
    [InlineData(1u)]
    [InlineData(12u)]
    [InlineData(13u)]
    public void Session_OfAnEarlierTerm_IsNotEnteredAndStays(uint minEpoch)
    {
        Assert.Equal(EnterStatus.NotHeld, _held.TryEnter(_session.Id, minEpoch, out _));
        Assert.Same(_session, _held.Find(_session.Id));
    }

    [Fact]
    public void Session_OfAnEarlierTerm_IsNotEnteredAsUnverifiedEither()
    {
        _held.DoubtAll();

        Assert.Equal(EnterStatus.NotHeld, _held.TryEnter(_session.Id, 1, out _));
    }

    [Fact]
    public void Adopt_BelowWhatTheMemoryKnows_IsNotHeld_AndAboveItKeepsTheMemory()
    {
        // Redis lost the record, and a client with a token from long ago made this node claim it anew.
        Assert.Equal(EnterStatus.NotHeld, Adopt(epoch: 2));
        Assert.Equal(12u, _held.KnownUpTo(_session.Id));

        Assert.Equal(EnterStatus.Entered, Adopt(epoch: 13));
        Assert.Same(_session, _held.Find(_session.Id));
        Assert.Equal(EnterStatus.Entered, _held.TryEnter(_session.Id, 13, out _));
    }

    [Fact]
    public void Adopt_ByANewClaimAtTheEpochThatTheMemoryHas_DropsTheMemory()
    {
        // Another node owned it above that epoch; then Redis lost the records, and a token from long ago gave this node the same epoch once more.
        Assert.Equal(EnterStatus.NotHeld, _held.Adopt(_session.Id, new SessionClaim(12, 2), _time.GetUtcNow(), _policy, out _));

        Assert.True(_session.IsLost);
        Assert.Equal(EnterStatus.Entered, Adopt(epoch: 13));
        Assert.NotSame(_session, _held.Find(_session.Id));
    }

    [Fact]
    public void Adopt_ByTheVeryClaimThatTheMemoryHas_KeepsTheMemory()
    {
        Assert.Equal(EnterStatus.Entered, Adopt(_session.Claim));

        Assert.Same(_session, _held.Find(_session.Id));
    }

    [Fact]
    public void Keep_ByANewClaimAtTheEpochThatTheMemoryHas_DropsTheMemory()
    {
        _held.Keep(_session, new SessionClaim(12, 2), _held.Asking());

        Assert.True(_session.IsLost);
    }

    [Fact]
    public void DropBelow_LeavesItToTheClaimOfThisNode()
    {
        _held.DropBelow(_session.Id, 99);

        Assert.Same(_session, _held.Find(_session.Id));
    }

    private EnterStatus Adopt(uint epoch) => Adopt(new SessionClaim(epoch, epoch));

    private EnterStatus Adopt(SessionClaim claim) => _held.Adopt(_session.Id, claim, _time.GetUtcNow(), _policy, out _);
}
