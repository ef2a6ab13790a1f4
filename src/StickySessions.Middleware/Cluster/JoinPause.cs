namespace StickySessions.Cluster;

/// <summary>
/// How long a node lets Redis alone that was too slow to let it in. A look at the whole view costs far more than a beat, so a thousand nodes
/// that start at once, and each try again at once, would keep Redis as slow as it is: the pause grows, and each node has one of its own.
/// (M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog 2015.) Used by one beat at a time.
/// </summary>
internal sealed class JoinPause(TimeSpan first, TimeSpan longest, TimeProvider time)
{
    private TimeSpan _span;
    private TimeSpan _pause;
    private long _began;

    public bool IsOver => _pause == TimeSpan.Zero || time.GetElapsedTime(_began) >= _pause;

    /// <summary>Redis was too slow once more: twice the span from which the last pause was picked.</summary>
    public void Begin()
    {
        var next = _span == TimeSpan.Zero ? first : 2 * _span;
        _span = next < longest ? next : longest;
        _pause = (_span / 2) + Pace.MomentIn(_span / 2);
        _began = time.GetTimestamp();
    }

    /// <summary>It is in.</summary>
    public void End() => _span = _pause = TimeSpan.Zero;
}
