using Microsoft.Extensions.Options;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Redis;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class ExpiredSessionsTests : HeldSessionsTestBase
{
    private readonly ExpiredSessions _expired;

    public ExpiredSessionsTests() => _expired = new ExpiredSessions(Sessions);

    [Fact]
    public void Session_ThatIdledOut_IsFoundBeforeItIsSwept()
    {
        Idle(AdoptAt(new SessionClaim(2, 22)));
        Assert.Null(_expired.Find(Id));

        Time.Advance(Policy.IdleTimeout);

        Assert.Equal(new SessionClaim(2, 22), _expired.Find(Id));
        Assert.Equal(0, Sessions.Count);
        _expired.Withdrawn(Id, new SessionClaim(3, 33));
        Assert.NotNull(_expired.Find(Id));
        _expired.Withdrawn(Id, new SessionClaim(2, 22));
        Assert.Null(_expired.Find(Id));
    }

    [Fact]
    public void Session_WhoseTokenComesBackFirst_IsFound()
    {
        Idle(AdoptAt(new SessionClaim(2, 22)));
        Time.Advance(Policy.IdleTimeout);

        Assert.Equal(EnterStatus.NotHeld, Sessions.TryEnter(Id, 1, out _));

        Assert.Equal([Id], _expired.All());
    }

    [Fact]
    public void Session_ThatIsInUse_HasNotExpired()
    {
        AdoptAt(new SessionClaim(2, 22));
        Time.Advance(Policy.IdleTimeout * 2);

        Assert.Null(_expired.Find(Id));
        Assert.Equal(1, Sessions.Count);
    }

    [Fact]
    public void Session_ThatNoRecordTellsOf_IsNotKept()
    {
        Idle(Adopt(1));
        Time.Advance(Policy.IdleTimeout);

        Assert.Null(_expired.Find(Id));
        Assert.Equal(0, Sessions.Count);
    }

    [Fact]
    public void Session_WithStateOfWhichNobodyKnowsWhetherItWasStored_IsFound()
    {
        var durable = new StickyPolicy(StickyPolicy.DefaultName, new StickyPolicyOptions { Durability = SessionDurability.BeforeResponse });
        Sessions.Adopt(Id, SessionClaim.First, Time.GetUtcNow(), durable, out var session);
        session!.ReplaceMemory(null, new StoredMemory(default));
        Idle(session);
        Time.Advance(durable.IdleTimeout);

        Assert.Equal(SessionClaim.First, _expired.Find(Id));
    }

    [Fact]
    public void Session_WhereThereIsNoStore_IsForgotten()
    {
        var expired = new ExpiredSessions(Sessions, Options.Create(new StickyRedisOptions()));
        Idle(AdoptAt(new SessionClaim(2, 22)));
        Time.Advance(Policy.IdleTimeout);

        Assert.Null(expired.Find(Id));
        Assert.Equal(0, Sessions.Count);
    }

    [Fact]
    public void Session_ThatLeavesACrowdEarly_KeepsItsRecord()
    {
        Sessions.Adopt(Id, SessionClaim.First, Time.GetUtcNow(), Policy, Sessions.Asking(), out var session, new StoredState(1, 0, default));
        Idle(session!);
        Time.Advance(Policy.FirstRequestTimeout);

        Sessions.Expire(session!, Time.GetTimestamp(), isCrowded: true);

        Assert.Equal(0, Sessions.Count);
        Assert.Null(_expired.Find(Id));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Session_ThatAnotherNodeOwnsOrThatHasEnded_HasNoRecordOfThisNode(bool isEnded)
    {
        var session = AdoptAt(new SessionClaim(2, 22));
        Idle(session);
        if (isEnded)
        {
            session.End();
        }
        else
        {
            session.Lose();
        }

        Time.Advance(Policy.IdleTimeout);

        Assert.Null(_expired.Find(Id));
    }

    private HeldSession AdoptAt(SessionClaim claim)
    {
        Sessions.Adopt(Id, claim, Time.GetUtcNow(), Policy, out var session);
        return session!;
    }

    private void Idle(HeldSession session) => Sessions.Exit(session);
}
