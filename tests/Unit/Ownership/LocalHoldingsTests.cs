using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class LocalHoldingsTests
{
    [Fact]
    public void Find_AfterThisNodeWasDeclaredGone_HoldsNothingOfBefore()
    {
        var time = new FakeTimeProvider();
        using var lease = new NodeLease(TimeSpan.FromSeconds(5), time);
        var held = new HeldSessions(time, lease);
        var holdings = new LocalHoldings(held, new EndedSessions(time));
        var id = SessionId.New();
        held.Adopt(id, 2, time.GetUtcNow(), new StickyPolicy(StickyPolicy.DefaultName, new StickyPolicyOptions()), out var session);
        Assert.Equal(new HoldsAnswer(HoldsStatus.Held, 2), holdings.Find(id));

        lease.Expire();

        Assert.Equal(HoldsStatus.NotHeld, holdings.Find(id).Status);
        session!.End();
        Assert.Equal(HoldsStatus.Ended, holdings.Find(id).Status);
    }
}
