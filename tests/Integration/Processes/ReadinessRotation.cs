using System.Collections.Immutable;

namespace StickySessions.Tests.Integration.Processes;

/// <summary>What a balancer with a health check does: nodes whose readiness turned get no new connections.</summary>
internal sealed class ReadinessRotation : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watch;
    private volatile IReadOnlyList<ShopNodeProcess> _inRotation;

    public ReadinessRotation(Func<ImmutableArray<ShopNodeProcess>> nodes)
    {
        _inRotation = nodes();
        _watch = Task.Run(() => WatchAsync(nodes));
    }

    public IReadOnlyList<ShopNodeProcess> InRotation => _inRotation;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watch;
        _stop.Dispose();
    }

    private async Task WatchAsync(Func<ImmutableArray<ShopNodeProcess>> nodes)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (!_stop.IsCancellationRequested)
        {
            var checks = await Task.WhenAll(nodes().Select(async node => (node, ready: await node.IsReadyAsync(client))));
            ShopNodeProcess[] ready = [.. checks.Where(check => check.ready).Select(check => check.node)];

            // When all seem to be away it is more likely the look that failed.
            _inRotation = ready.Length > 0 ? ready : _inRotation;
            try
            {
                await timer.WaitForNextTickAsync(_stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
