namespace StickySessions.Cluster;

/// <summary>A wait that can be cut short. One waits, anybody rings.</summary>
internal sealed class Alarm(TimeProvider time)
{
    private TaskCompletionSource<bool> _ring = NewRing();

    public void Ring() => Volatile.Read(ref _ring).TrySetResult(true);

    /// <returns>Whether it rang before the time was over.</returns>
    public async Task<bool> WaitAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        var ring = Volatile.Read(ref _ring);
        using var stop = cancellationToken.Register(() => ring.TrySetResult(false));
        await using var timer = time.CreateTimer(_ => ring.TrySetResult(false), null, atMost, Timeout.InfiniteTimeSpan);
        var rang = await ring.Task;
        Volatile.Write(ref _ring, NewRing());
        return rang;
    }

    private static TaskCompletionSource<bool> NewRing() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
