using StickySessions.Policies;

namespace StickySessions.Ownership;

/// <summary>A policy as the sessions see it that are held under it, with times in timestamp ticks: one object for all of them. Immutable.</summary>
internal sealed class HeldPolicy(StickyPolicy policy, long ticksPerSecond)
{
    /// <summary>Longer than the requests of one page are apart.</summary>
    private static readonly TimeSpan UnusedAfter = TimeSpan.FromSeconds(5);

    public StickyPolicy Policy => policy;

    /// <summary>After so long without a request a session expires.</summary>
    public long IdleTicks { get; } = Ticks(policy.IdleTimeout, ticksPerSecond);

    /// <summary>After so long a session may expire if no second request has come.</summary>
    public long FirstRequestTicks { get; } = Ticks(policy.FirstRequestTimeout, ticksPerSecond);

    /// <summary>After so long without a request a session needs only what makes it one.</summary>
    public long UnusedTicks { get; } = Ticks(UnusedAfter, ticksPerSecond);

    public static long Ticks(TimeSpan span, long ticksPerSecond) => (long)(span.TotalSeconds * ticksPerSecond);
}
