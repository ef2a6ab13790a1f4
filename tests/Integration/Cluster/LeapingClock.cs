namespace StickySessions.Tests.Integration.Cluster;

/// <summary>The clock on the wall, which a test sets forward. Timers go on as they are.</summary>
internal sealed class LeapingClock : TimeProvider
{
    private long _leaped;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref _leaped));

    public void Leap(TimeSpan forward) => Interlocked.Add(ref _leaped, forward.Ticks);
}
