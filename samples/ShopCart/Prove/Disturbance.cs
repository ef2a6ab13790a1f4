using ShopCart.Cluster;

namespace ShopCart.Prove;

/// <summary>What is done to the nodes in the middle of the shopping.</summary>
internal delegate Task Disturbance(ShopCluster cluster, CancellationToken cancellationToken);

internal static class Disturbances
{
    // Longer than the lease of the node that is gone: the shoppers must find all its carts while they shop.
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(6);

    /// <summary>SIGKILL for one node, and nobody starts it again.</summary>
    public static async Task KillOneAsync(ShopCluster cluster, CancellationToken cancellationToken)
    {
        await cluster.Nodes[1].KillAsync();
        await Task.Delay(Aftermath, cancellationToken);
    }

    /// <summary>SIGTERM for one node after the other. Each drains, and the next one's turn comes when connections go to its successor.</summary>
    public static async Task RestartAllAsync(ShopCluster cluster, CancellationToken cancellationToken)
    {
        for (var index = 0; index < cluster.Nodes.Count; index++)
        {
            await cluster.RestartAsync(index, cancellationToken);
        }
    }
}
