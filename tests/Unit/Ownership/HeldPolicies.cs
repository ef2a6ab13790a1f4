using StickySessions.Ownership;
using StickySessions.Policies;

namespace StickySessions.Tests.Unit.Ownership;

internal static class HeldPolicies
{
    /// <summary>Under which sessions expire after so many ticks without a request.</summary>
    public static HeldPolicy Idle(long ticks)
        => new(new StickyPolicy(StickyPolicy.DefaultName, new StickyPolicyOptions { IdleTimeout = TimeSpan.FromSeconds(ticks) }), ticksPerSecond: 1);
}
