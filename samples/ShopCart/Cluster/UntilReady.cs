using ShopCart.Cluster.Balancing;

namespace ShopCart.Cluster;

/// <summary>Waits for nodes that have been started.</summary>
internal static class UntilReady
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    /// <returns>Where they serve.</returns>
    /// <exception cref="InvalidOperationException">One has ended.</exception>
    /// <exception cref="TimeoutException">They take too long.</exception>
    public static async Task<Uri[]> WaitAsync(HttpClient http, IEnumerable<NodeProcess> nodes, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            return await Task.WhenAll(nodes.Select(node => WaitAsync(http, node, limit.Token)));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"The nodes were not ready within {Patience.TotalSeconds:0} seconds.");
        }
    }

    private static async Task<Uri> WaitAsync(HttpClient http, NodeProcess node, CancellationToken cancellationToken)
    {
        var address = await node.Address.WaitAsync(cancellationToken);
        using var timer = new PeriodicTimer(Poll);
        while (!await ReadinessWatch.IsReadyAsync(http, address, cancellationToken))
        {
            if (node.Finished.IsCompleted)
            {
                throw new InvalidOperationException($"{node.Name} ended before it was ready.");
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }

        return address;
    }
}
