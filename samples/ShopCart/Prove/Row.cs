using System.Diagnostics;
using System.Net;
using ShopCart.Cli;
using ShopCart.Cluster;

namespace ShopCart.Prove;

/// <summary>What came of one way to balance the shoppers.</summary>
internal sealed record RowResult(
    string Title, int Shoppers, int Requests, int Failed, int CartsWrong, int ItemsLost, double BusiestShare, double RequestsPerSecond)
{
    public bool NothingLost => Failed == 0 && CartsWrong == 0 && ItemsLost == 0;
}

/// <summary>One way to balance the shoppers.</summary>
internal sealed record Row(string Title, BalancingMethod Balancer, bool Sticky)
{
    private const int Nodes = 3;
    private const int RequestsAtATime = 64;
    private const int WarmUpShoppers = 60;

    /// <summary>Starts a cluster of its own and lets all shoppers shop at the same time.</summary>
    public async Task<RowResult> RunAsync(int count, CancellationToken cancellationToken)
    {
        var command = new ClusterCommand { Nodes = Nodes, Port = 0, Balancer = Balancer, Sticky = Sticky };
        await using var cluster = await ShopCluster.StartAsync(command, Console.Error.WriteLine, cancellationToken);
        var address = IPEndPoint.Parse(cluster.Address.Authority);

        // Code that was never run is slow in .NET; that is not what the rows compare.
        await ShopAsync(address, WarmUpShoppers, cancellationToken);

        var watch = Stopwatch.StartNew();
        var shoppers = await ShopAsync(address, count, cancellationToken);
        return Sum(shoppers, watch.Elapsed);
    }

    private static async Task<Shopper[]> ShopAsync(IPEndPoint address, int count, CancellationToken cancellationToken)
    {
        using var turns = new SemaphoreSlim(RequestsAtATime);
        var shoppers = Enumerable.Range(0, count).Select(number => new Shopper(address, number)).ToArray();
        await Task.WhenAll(shoppers.Select(shopper => shopper.ShopAsync(turns, cancellationToken)));
        return shoppers;
    }

    private RowResult Sum(Shopper[] shoppers, TimeSpan took)
    {
        var requests = shoppers.Length * Shopper.Requests;
        var busiest = shoppers.Select(shopper => shopper.Node).OfType<string>().CountBy(node => node).Select(node => node.Value);
        return new RowResult(
            Title,
            shoppers.Length,
            requests,
            shoppers.Sum(shopper => shopper.Failed),
            shoppers.Count(shopper => shopper.CartWrong),
            shoppers.Sum(shopper => shopper.Lost),
            (double)busiest.DefaultIfEmpty().Max() / shoppers.Length,
            requests / took.TotalSeconds);
    }
}
