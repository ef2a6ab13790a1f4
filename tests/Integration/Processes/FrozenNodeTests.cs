using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Processes;

/// <summary>A real process that is stopped (SIGSTOP) while it owns a session, and goes on later.</summary>
public sealed class FrozenNodeTests
{
    [Fact]
    public async Task FrozenOwner_RequestFailsSoonThenSessionGoesOnElsewhereAndStaysThere()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var redis = await RedisServerProcess.StartOrSkipAsync();
        await using var cluster = await ShopClusterOfProcesses.StartAsync(redis.Configuration, 3);
        var (owner, others) = (cluster.Nodes[0], cluster.Nodes.RemoveAt(0));
        using var shopper = new Shopper();
        var before = await shopper.AddAsync(owner.Address, cancellation);
        Assert.Equal(owner.Name, (await shopper.LookAsync(others[0].Address, cancellation)).Owner);

        owner.Freeze();
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => shopper.AddAsync(others[0].Address, cancellation));
        Assert.Contains("502", failure.Message, StringComparison.Ordinal);
        Assert.Contains("owner-lost", failure.Message, StringComparison.Ordinal);

        // Its lease ends, and one of the others claims the session. The frozen node does not know that when it goes on.
        var after = await EventuallyServedAsync(shopper, others[0]);
        Assert.Equal(before.Session, after.Session);
        Assert.NotEqual(owner.Name, after.Owner);
        owner.Thaw();
        foreach (var node in cluster.Nodes)
        {
            var seen = await EventuallyServedAsync(shopper, node);
            Assert.Equal((after.Session, after.Owner), (seen.Session, seen.Owner));
        }
    }

    private static async Task<CartSeen> EventuallyServedAsync(Shopper shopper, ShopNodeProcess node)
    {
        CartSeen? seen = null;
        await Eventually.Async(
            async () =>
            {
                try
                {
                    seen = await shopper.LookAsync(node.Address, TestContext.Current.CancellationToken);
                    return true;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            $"{node.Name} serves the session");
        return seen!;
    }
}
