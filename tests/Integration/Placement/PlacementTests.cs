using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Startup;

namespace StickySessions.Tests.Integration.Placement;

/// <summary>Where new sessions begin in a cluster of three nodes when all clients enter at one.</summary>
public sealed class PlacementTests(GarnetServerFixture redis)
{
    private const int Sessions = 150;

    public static TheoryData<PlacementStrategy, bool> SpreadingStrategies => new MatrixTheoryData<PlacementStrategy, bool>(
        [PlacementStrategy.LeastLoaded, PlacementStrategy.PowerOfTwoChoices, PlacementStrategy.Hash], [true, false]);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task NewSessions_PlacedHere_AllBeginWhereTheyEntered(bool inRedis)
    {
        await using var cluster = await ClusterAsync(inRedis, _ => { });
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");

        Assert.Equal([KeyValuePair.Create("web-1", 20)], await nodes[0].BeginAsync(20));
    }

    [Theory]
    [MemberData(nameof(SpreadingStrategies))]
    public async Task NewSessions_PlacedByAStrategy_SpreadAndStay(PlacementStrategy strategy, bool inRedis)
    {
        await using var cluster = await ClusterAsync(inRedis, policy => policy.Placement = strategy);
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        using var counted = new CountedMetrics(nodes[0].Services);

        var version = nodes[0].Services.GetRequiredService<IClusterMembership>().View.Version;

        var began = await nodes[0].BeginAsync(Sessions);
        Assert.Equal(3, began.Count);
        Assert.All(began.Values, count => Assert.InRange(count, Sessions / 3 / 2, Sessions / 2));
        Assert.Equal(began, nodes.ToDictionary(node => node.Name, node => node.Held.Count));
        Assert.Equal(Sessions - began["web-1"], counted.Of("stickysessions.sessions.placed_elsewhere").Sum(count => count.Count));

        // Figures of load are no news about the cluster.
        Assert.Equal(version, nodes[0].Services.GetRequiredService<IClusterMembership>().View.Version);

        // A session stays where it began, whichever node its requests enter at.
        var first = await nodes[0].GetAsync();
        foreach (var ingress in nodes)
        {
            Assert.Equal(first.ToString(), (await ingress.GetAsync(cookie: first.Cookie)).ToString());
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Burst_BetweenTwoFigures_DoesNotEndAtOneNode(bool inRedis)
    {
        await using var cluster = await ClusterAsync(inRedis, policy => policy.Placement = PlacementStrategy.LeastLoaded);
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        await nodes[0].BeginAsync(30);

        var burst = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => nodes[0].GetAsync()));

        Assert.All(burst.CountBy(answer => answer.Body), owner => Assert.InRange(owner.Value, 10, 30));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task NewNode_InSlowStart_GetsFewerThanItsShare(bool inRedis)
    {
        await using var cluster = await ClusterAsync(
            inRedis,
            policy => policy.Placement = PlacementStrategy.PowerOfTwoChoices,
            sticky => sticky.ConfigureNode(node => node.SlowStart = node.Name == "web-3" ? TimeSpan.FromHours(1) : TimeSpan.Zero));
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");

        var began = await nodes[0].BeginAsync(Sessions);

        // A tenth of its weight: it is drawn in one of ten choices, and a third would be an even share.
        Assert.InRange(began.GetValueOrDefault("web-3"), 1, Sessions / 5);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task BalancerThatPrefersOneNode_WithABoundForHere_IsEvenedOut(bool inRedis)
    {
        await using var cluster = await ClusterAsync(inRedis, policy => policy.LoadFactor = 1.25);
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        using var counted = new CountedMetrics(nodes[0].Services);

        await nodes[0].BeginAsync(Sessions);

        // A quarter above its share, and what the figures of the others do not say yet.
        Assert.InRange(nodes[0].Held.Count, Sessions / 3, (int)(1.25 * Sessions / 3) + 10);
        Assert.All(counted.Of("stickysessions.sessions.placed_elsewhere"), count => Assert.Equal("bound", count.Value));
    }

    [Fact]
    public async Task NodeThatCannotBeReached_WhenChosen_CostsNoNewSession()
    {
        await using var cluster = await ClusterAsync(inRedis: true, policy => policy.Placement = PlacementStrategy.Hash, sticky => sticky.UseRedis(options => options.Lease = TimeSpan.FromMinutes(1)));
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        await nodes[2].KillAsync();

        var began = await nodes[0].BeginAsync(30);

        Assert.Equal(["web-1", "web-2"], began.Keys.Order());
    }

    private async Task<PlacementCluster> ClusterAsync(
        bool inRedis, Action<StickyPolicyOptions> policy, Action<IStickySessionsBuilder>? more = null)
        => new(inRedis ? await redis.ConfigurationAsync() : null)
        {
            Configure = sticky =>
            {
                sticky.ConfigurePolicy(policy);
                more?.Invoke(sticky);
            },
        };
}
