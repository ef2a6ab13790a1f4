using StickySessions.Cluster;
using StickySessions.Ownership;

namespace StickySessions.Tests.Unit.Ownership;

/// <summary>What a node takes for its own on an answer that may be old, and what it keeps of its memory.</summary>
public sealed class AdoptedSessionsTests : HeldSessionsTestBase
{
    [Fact]
    public void Adopt_AfterThisNodeWasDeclaredGone_BelongsToTheTermInWhichTheOwnerWasAskedFor()
    {
        using var lease = new NodeLease(TimeSpan.FromSeconds(5), Time);
        var sessions = new HeldSessions(Time, lease);
        sessions.Adopt(Id, 1, Time.GetUtcNow(), Policy, out var held);
        Assert.False(sessions.IsOfEarlierTerm(held!));

        lease.Expire();
        Assert.True(sessions.IsOfEarlierTerm(held!));

        // The answer to a claim that was sent before it was declared gone once more.
        var asked = sessions.Asking();
        lease.Expire();
        sessions.Adopt(Id, 2, Time.GetUtcNow(), Policy, asked, out var same);
        Assert.Same(held, same);
        Assert.True(sessions.IsOfEarlierTerm(held!));

        sessions.Adopt(Id, 3, Time.GetUtcNow(), Policy, out same);
        Assert.Same(held, same);
        Assert.False(sessions.IsOfEarlierTerm(held!));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public void Keep_ClaimedAgain_IsKeptIfNobodyOwnedItInBetween(uint epoch, bool isKept)
    {
        var held = Adopt(1);

        Sessions.Keep(held, epoch, Sessions.Asking());

        Assert.Equal(isKept, !held.IsLost);
        Assert.Equal(isKept ? 1 : 0, Sessions.Count);
    }

    [Fact]
    public void Adopt_OnAnAnswerFromBeforeADoubt_IsUnverified()
    {
        var asked = Sessions.Asking();
        Sessions.DoubtAll();

        Sessions.Adopt(Id, new SessionClaim(2, 22), Time.GetUtcNow(), Policy, asked, out _);

        Assert.Equal(EnterStatus.Unverified, Sessions.TryEnter(Id, 1, out _));
    }

    [Fact]
    public void Adopt_AtTheSameEpochByAnotherClaim_TakesItsNonce()
    {
        var held = Adopt(2);

        Sessions.Adopt(Id, new SessionClaim(2, 22), Time.GetUtcNow(), Policy, out var again);

        Assert.Same(held, again);
        Assert.Equal(new SessionClaim(2, 22), held.Claim);
    }

    [Fact]
    public void Adopt_AtTheNextEpoch_KeepsTheMemory()
    {
        var held = Adopt(1);

        Assert.Same(held, Adopt(2));
        Assert.Equal(2u, held.Epoch);
    }

    [Fact]
    public void Adopt_AfterAnotherNodeOwnedIt_DropsTheOldMemory()
    {
        var stale = Adopt(1);

        var held = Adopt(3);

        Assert.NotSame(stale, held);
        Assert.True(stale.IsClosed);
        Assert.Equal(1, Sessions.Count);
    }

    [Fact]
    public void Adopt_OnAnAnswerFromBeforeTheSessionWasDropped_IsRefused()
    {
        var lost = Adopt(2);
        Sessions.Drop(lost);

        Assert.Equal(2u, Sessions.KnownUpTo(Id));
        Assert.Equal(EnterStatus.NotHeld, Sessions.Adopt(Id, 2, Time.GetUtcNow(), Policy, out var revived));
        Assert.Null(revived);
        Assert.Equal(EnterStatus.NotHeld, Sessions.TryEnter(Id, 1, out _));
        Assert.Equal(0, Sessions.Count);
        Assert.NotSame(lost, Adopt(3));
    }

    [Fact]
    public void Adopt_BelowTheEpochAtWhichAnotherNodeOwnsTheSession_IsRefused()
    {
        Sessions.Drop(Adopt(2), ownedElsewhereAt: 4);

        Assert.Equal(EnterStatus.NotHeld, Sessions.Adopt(Id, 3, Time.GetUtcNow(), Policy, out _));
    }

    [Fact]
    public void Drop_IsRememberedForLongerThanAnyAnswerTakes()
    {
        Sessions.Drop(Adopt(2));

        Time.Advance(GivenAwaySessions.KeptFor - TimeSpan.FromTicks(1));
        Assert.Equal(2u, Sessions.KnownUpTo(Id));
        Time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(0u, Sessions.KnownUpTo(Id));
        Adopt(2);
    }

    [Fact]
    public void LearnEnded_OfASessionThatEndedHere_KeepsItAsEnded()
    {
        var held = Adopt(1);
        held.End();

        Sessions.LearnEnded(Id, 2);

        Assert.Equal(EnterStatus.Ended, Sessions.Adopt(Id, 3, Time.GetUtcNow(), Policy, out _));
        Assert.False(held.IsLost); // what runs in it may finish
    }

    [Fact]
    public void LearnEnded_OfASessionThatEndedElsewhere_EndsWhatRunsInItAndRefusesWhoComesBack()
    {
        var held = Adopt(2);

        Sessions.LearnEnded(Id, 4);

        Assert.True(held.IsLost);
        Assert.Equal(EnterStatus.Ended, Sessions.TryEnter(Id, 1, out _));
        Assert.Equal(EnterStatus.Ended, Sessions.Adopt(Id, 3, Time.GetUtcNow(), Policy, out _));
    }

    [Fact]
    public void LearnEnded_OfASessionThatIsNotHeld_RefusesAnAnswerFromBefore()
    {
        Sessions.LearnEnded(Id, 3);

        Assert.Equal(EnterStatus.NotHeld, Sessions.Adopt(Id, 2, Time.GetUtcNow(), Policy, out _));
    }
}
