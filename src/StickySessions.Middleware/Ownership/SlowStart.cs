namespace StickySessions.Ownership;

/// <summary>
/// A new node takes a growing part of its weight in new sessions, while its caches and its compiled code warm up. It says so itself, by its own
/// monotonic clock: no two clocks are compared, and all nodes see the same. Safe for concurrent use.
/// </summary>
internal sealed class SlowStart(TimeSpan duration, TimeProvider time)
{
    /// <summary>Something, so that it warms up at all.</summary>
    public const int FloorPercent = 10;

    private long _activeSince = -1;

    /// <summary>The application has started. What a node was before it was expired and joined again still counts.</summary>
    public void Begin() => Interlocked.CompareExchange(ref _activeSince, time.GetTimestamp(), -1);

    /// <summary>From <see cref="FloorPercent"/> when the node became active, in a straight line to 100.</summary>
    public int Percent
    {
        get
        {
            if (duration <= TimeSpan.Zero)
            {
                return 100;
            }

            var since = Volatile.Read(ref _activeSince);
            var part = since < 0 ? 0 : Math.Min(1, time.GetElapsedTime(since) / duration);
            return FloorPercent + (int)((100 - FloorPercent) * part);
        }
    }
}
