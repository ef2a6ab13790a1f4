namespace StickySessions.Tests.Integration.Conformance.Clients;

/// <summary>Watches how much more memory the process (all nodes and the client are in it) holds than at the start.</summary>
internal sealed class MemoryGauge : IAsyncDisposable
{
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(20);

    private readonly PeriodicTimer _timer = new(SampleInterval);
    private readonly long _atStart = Environment.WorkingSet;
    private readonly Task _watching;
    private long _highest;

    public MemoryGauge() => _watching = WatchAsync();

    public long HighestGrowth => Math.Max(0, Interlocked.Read(ref _highest) - _atStart);

    public async ValueTask DisposeAsync()
    {
        _timer.Dispose();
        await _watching;
    }

    private async Task WatchAsync()
    {
        while (await _timer.WaitForNextTickAsync(CancellationToken.None))
        {
            Interlocked.Exchange(ref _highest, Math.Max(_highest, Environment.WorkingSet));
        }
    }
}
