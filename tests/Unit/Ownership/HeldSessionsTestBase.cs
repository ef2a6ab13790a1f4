using Microsoft.Extensions.Time.Testing;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

/// <summary>One session, and the memory of the node that holds it.</summary>
public abstract class HeldSessionsTestBase
{
    private protected FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));

    private protected StickyPolicy Policy { get; } = new(StickyPolicy.DefaultName, new StickyPolicyOptions());

    private protected HeldSessions Sessions { get; }

    private protected SessionId Id { get; } = SessionId.New();

    protected HeldSessionsTestBase() => Sessions = new HeldSessions(Time);

    private protected HeldSession Adopt(uint epoch)
    {
        Assert.Equal(EnterStatus.Entered, Sessions.Adopt(Id, epoch, Time.GetUtcNow(), Policy, out var held));
        return held!;
    }
}
