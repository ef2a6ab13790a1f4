using StickySessions.Tests.Integration.Processes;

namespace StickySessions.Tests.Integration.Balancers;

/// <summary>The balancers that people have, as plain layer 4: each connection to the next node, whatever it carries.</summary>
[Collection(nameof(SharedProcessTests))]
public sealed class RealBalancerTests(SharedShopCluster shops)
{
    private const int Shoppers = 30;
    private const int Items = 6;

    [Fact]
    public Task HaproxyInTcpMode_EachShopperKeepsOneCart() => EachShopperKeepsOneCartAsync(BalancerProcess.StartHaproxyOrSkipAsync);

    [Fact]
    public Task NginxStream_EachShopperKeepsOneCart() => EachShopperKeepsOneCartAsync(BalancerProcess.StartNginxOrSkipAsync);

    private async Task EachShopperKeepsOneCartAsync(Func<IEnumerable<Uri>, Task<BalancerProcess>> startAsync)
    {
        var cluster = await shops.StartedOrSkipAsync();
        await using var balancer = await startAsync(cluster.Nodes.Select(node => node.Address));

        var seen = await Task.WhenAll(Enumerable.Range(0, Shoppers).Select(_ => ShopAsync(balancer.Address)));

        Assert.All(seen, carts =>
        {
            Assert.Equal(Enumerable.Range(1, Items), carts.Select(cart => cart.Count));
            Assert.Single(carts.Select(cart => (cart.Session, cart.Owner)).Distinct());
        });

        // The balancer did spray, or this test shows nothing. Now and then it sends all connections of one shopper to one node.
        Assert.True(seen.Count(carts => carts.Any(cart => cart.Forwarded)) > Shoppers / 2, "Most shoppers came in at other nodes too.");
        Assert.Equal(3, seen.SelectMany(carts => carts).Select(cart => cart.Owner).Distinct().Count());
    }

    private static async Task<CartSeen[]> ShopAsync(Uri shop)
    {
        using var shopper = new Shopper();
        var carts = new CartSeen[Items];
        for (var i = 0; i < Items; i++)
        {
            carts[i] = await shopper.AddAsync(shop, TestContext.Current.CancellationToken);
        }

        return carts;
    }
}
