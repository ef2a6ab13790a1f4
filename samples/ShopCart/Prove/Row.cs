using System.Diagnostics;
using System.Net;
using ShopCart.Cli;
using ShopCart.Cluster;

namespace ShopCart.Prove;

/// <summary>One way to balance the shoppers.</summary>
/// <param name="Title">What the table calls it.</param>
/// <param name="Balancer">How the balancer chooses.</param>
/// <param name="Sticky">With or without sticky sessions.</param>
/// <param name="Disturbance">What happens to the nodes meanwhile; null: nothing.</param>
internal sealed record Row(string Title, BalancingMethod Balancer, bool Sticky, Disturbance? Disturbance = null)
{
    private const int Nodes = 3;
    private const int WarmUpShoppers = 60;

    /// <summary>Starts a cluster of its own and lets all shoppers shop at the same time.</summary>
    /// <param name="count">How many shoppers.</param>
    /// <param name="write">Takes what the nodes say.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<RowResult> RunAsync(int count, Action<string> write, CancellationToken cancellationToken)
    {
        var command = new ClusterCommand { Nodes = Nodes, Port = 0, Balancer = Balancer, Sticky = Sticky };
        await using var cluster = await ShopCluster.StartAsync(command, write, cancellationToken);
        var address = IPEndPoint.Parse(cluster.Address.Authority);

        // Code that was never run is slow in .NET; that is not what the rows compare.
        using (var warmUp = new Shopping(address, WarmUpShoppers * Shopper.Requests))
        {
            await ShopAsync(warmUp, WarmUpShoppers, cancellationToken);
        }

        using var shopping = new Shopping(address, count * Shopper.Requests);
        var watch = Stopwatch.StartNew();
        var disturbed = Disturbance is { } disturb
            ? shopping.DisturbAsync(cancelled => disturb(cluster, cancelled), cancellationToken)
            : Task.CompletedTask;
        var shoppers = await ShopAsync(shopping, count, cancellationToken);
        var took = watch.Elapsed;
        await disturbed;
        return RowResult.Of(Title, shoppers, shopping.Requests, took);
    }

    private static async Task<Shopper[]> ShopAsync(Shopping shopping, int count, CancellationToken cancellationToken)
    {
        var shoppers = Enumerable.Range(0, count).Select(number => new Shopper(shopping, number)).ToArray();
        await Task.WhenAll(shoppers.Select(shopper => shopper.ShopAsync(cancellationToken)));
        return shoppers;
    }
}
