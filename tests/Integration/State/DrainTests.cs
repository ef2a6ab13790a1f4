using Microsoft.Extensions.DependencyInjection;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Placement;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.State;

/// <summary>A node that stops in order loses nothing, with Redis and without.</summary>
public sealed class DrainTests(RedisServerFixture redis)
{
    public static TheoryData<string> Kinds => ["redis before-response", "redis none", "redis hash", "static", "static hash"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task NodesRestartedOneByOne_KeepEverySession(string kind)
    {
        const int Shoppers = 20;
        await using var cluster = await ClusterAsync(kind);
        var nodes = (await cluster.StartAsync("web-1", "web-2", "web-3")).ToList();
        var shoppers = Enumerable.Range(0, Shoppers).Select(number => new StateClient($"shopper-{number}")).ToArray();
        for (var number = 0; number < Shoppers; number++)
        {
            await shoppers[number].PostAsync(nodes[number % 3], $"/basket/item-{number}");
        }

        for (var round = 0; round < 3; round++)
        {
            var stopping = nodes[0];
            nodes.RemoveAt(0);
            await stopping.StopAsync();
            for (var number = 0; number < Shoppers; number++)
            {
                var basket = string.Join(' ', Enumerable.Repeat($"item-{number}", round + 1));
                Assert.Equal(basket, await shoppers[number].GetAsync(nodes[number % 2], "/basket"));
                await shoppers[number].PostAsync(nodes[(number + 1) % 2], $"/basket/item-{number}");
            }

            nodes = [.. (await cluster.StartAsync(stopping.Name))];
        }

        foreach (var shopper in shoppers)
        {
            shopper.Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task SessionInUse_WhileItsNodeStops_NoRequestFailsAndNoItemIsLost(string kind)
    {
        await using var cluster = await ClusterAsync(kind);
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        using var client = new StateClient("shopper");
        await client.PostAsync(nodes[0], "/basket/first");

        using var stopped = new CancellationTokenSource();
        var shopping = Enumerable.Range(1, 4).Select(async thread =>
        {
            var count = 0;
            while (!stopped.IsCancellationRequested)
            {
                // Not at the node that stops: its own listener closes in the end.
                await client.PostAsync(nodes[1 + (thread % 2)], $"/basket/item-{thread}-{count++}");
            }

            return count;
        }).ToArray();
        await Eventually.Async(async () => (await client.GetAsync(nodes[1], "/basket")).Length > 100, "shopping is under way");
        await nodes[0].StopAsync();
        await stopped.CancelAsync();
        var counts = await Task.WhenAll(shopping);

        var items = (await client.GetAsync(nodes[2], "/basket")).Split(' ');
        Assert.Equal(1 + counts.Sum(), items.Length);
        Assert.Equal(items.Length, items.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task State_ThatCameAfterAHookHadEmptiedTheNode_IsHandedOverToo()
    {
        await using var cluster = StateApplication.Cluster(redis: null);
        var nodes = await cluster.StartAsync("web-1", "web-2");
        using var client = new StateClient();
        await client.GetAsync(nodes[0], "/basket");
        await nodes[0].Services.GetRequiredService<NodeDrain>().EmptyAsync();
        await client.PostAsync(nodes[0], "/basket/apple");

        await nodes[0].StopAsync();

        Assert.Equal("apple", await client.GetAsync(nodes[1], "/basket"));
    }

    [Fact]
    public async Task LastNode_StopsAndStartsAgain_HasEveryItem()
    {
        await using var cluster = StateApplication.Cluster(
            await redis.ConfigurationAsync(), sticky => sticky.ConfigurePolicy(policy => policy.Durability = SessionDurability.None));
        var nodes = await cluster.StartAsync("web-1");
        using var client = new StateClient();
        await client.PostAsync(nodes[0], "/basket/apple");

        await nodes[0].StopAsync();
        nodes = await cluster.StartAsync("web-1");

        Assert.Equal("apple", await client.GetAsync(nodes[0], "/basket"));
    }

    private async Task<PlacementCluster> ClusterAsync(string kind)
    {
        var words = kind.Split(' ');
        return StateApplication.Cluster(words[0] == "redis" ? await redis.ConfigurationAsync() : null, sticky => sticky.ConfigurePolicy(policy =>
        {
            if (words.Contains("hash"))
            {
                policy.Method = StickyMethod.Hash;
                policy.Sources.Add(new() { Kind = StickyTokenSourceKind.Header, Name = "X-User" });
            }
            else if (words.Contains("none"))
            {
                policy.Durability = SessionDurability.None;
            }
        }));
    }
}
