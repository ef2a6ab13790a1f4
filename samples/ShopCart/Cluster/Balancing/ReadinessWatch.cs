namespace ShopCart.Cluster.Balancing;

/// <summary>Takes nodes out of the balancer's rotation when they are not ready, and back in.</summary>
internal sealed class ReadinessWatch : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    // Long enough for a machine that is busy with everything else.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;

    public ReadinessWatch(HttpClient http, IEnumerable<(Uri Node, Backend Backend)> nodes)
        => _watching = Task.WhenAll(nodes.Select(node => WatchAsync(http, node.Node, node.Backend)));

    public static async Task<bool> IsReadyAsync(HttpClient http, Uri node, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            using var answer = await http.GetAsync(new Uri(node, "/healthz/ready"), limit.Token);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception problem) when (problem is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        _stop.Dispose();
    }

    private async Task WatchAsync(HttpClient http, Uri node, Backend backend)
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                var ready = await IsReadyAsync(http, node, _stop.Token);
                if (!_stop.IsCancellationRequested)
                {
                    backend.InRotation = ready;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }
}
