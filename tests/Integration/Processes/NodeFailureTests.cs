using System.Diagnostics;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Processes;

/// <summary>Three real processes and a real Redis under load, while nodes are killed, restarted and added and Redis goes away.</summary>
[Collection(nameof(ProcessTests))]
public sealed class NodeFailureTests(RedisServerFixture sharedRedis)
{
    private const int Shoppers = 12;

    /// <summary>How long after a SIGKILL requests may still fail. Those that ran in the node may at any time.</summary>
    private static readonly TimeSpan KillIsNoticed = TimeSpan.FromSeconds(1.5);

    [Fact]
    public async Task KilledOwner_SoonNoRequestFailsAndEachSessionGoesOnAtOneNode()
    {
        await using var cluster = await ShopClusterOfProcesses.StartAsync(await sharedRedis.ConfigurationAsync(), 3);
        var victim = cluster.Nodes[0];
        var others = cluster.Nodes.RemoveAt(0);

        using var orphan = new Shopper();
        using var scout = new Shopper();
        var bound = await orphan.AddAsync(victim.Address, TestContext.Current.CancellationToken);
        await scout.AddAsync(victim.Address, TestContext.Current.CancellationToken);
        Assert.Equal(victim.Name, bound.Owner);

        var rotation = cluster.Nodes;
        await using var load = new ShopperLoad(Shoppers, () => rotation);
        await load.MakeRequestsAsync(500);
        Assert.Empty(load.Failures);
        Assert.Empty(load.Surprises);

        rotation = others;
        await load.MakeRequestsAsync(50); // nothing is on its way to the victim's public address any more
        var killed = Stopwatch.GetTimestamp();
        await victim.KillAsync();

        // Requests that were on their way to the victim, or that went out before its connections were seen to end, may fail.
        await Eventually.Async(
            async () =>
            {
                try
                {
                    return (await scout.LookAsync(others[0].Address, TestContext.Current.CancellationToken)).Owner != victim.Name
                        && (await scout.LookAsync(others[1].Address, TestContext.Current.CancellationToken)).Owner != victim.Name;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "the victim is known to be gone");

        // A hundred requests at once for one orphaned session, spread over the survivors.
        var seen = await Task.WhenAll(Enumerable.Range(0, 100).Select(
            turn => orphan.LookAsync(others[turn % others.Length].Address, TestContext.Current.CancellationToken)));
        Assert.Single(seen.Select(cart => (cart.Owner, cart.Session)).Distinct());
        Assert.Equal(bound.Session, seen[0].Session);
        Assert.NotEqual(victim.Name, seen[0].Owner);

        await Eventually.Async(() => Stopwatch.GetElapsedTime(killed) > KillIsNoticed, "time passes");
        await load.MakeRequestsAsync(500);
        Assert.DoesNotContain(load.Failures, failure => failure.Began > killed && Stopwatch.GetElapsedTime(killed, failure.At) > KillIsNoticed);
        Assert.All(load.Last, cart => Assert.NotEqual(victim.Name, cart!.Owner));
    }

    [Fact]
    public async Task RollingRestart_NoRequestFails()
    {
        await using var cluster = await ShopClusterOfProcesses.StartAsync(await sharedRedis.ConfigurationAsync(), 3);
        await using var balancer = new ReadinessRotation(() => cluster.Nodes);
        await using var load = new ShopperLoad(Shoppers, () => balancer.InRotation);
        await load.MakeRequestsAsync(200);

        foreach (var name in cluster.Nodes.Select(node => node.Name).ToArray())
        {
            var old = cluster.Nodes.Single(node => node.Name == name);
            await old.StopAsync();
            Assert.Equal(0, old.ExitCode);
            await cluster.RestartAsync(name);
            await load.MakeRequestsAsync(200);
        }

        Assert.Empty(load.Failures);
    }

    [Fact]
    public async Task RedisStoppedFlushedAndBack_NoRequestFailsAndNoOwnerChanges()
    {
        await using var redis = await RedisServerProcess.StartOrSkipAsync();
        await using var cluster = await ShopClusterOfProcesses.StartAsync(redis.Configuration, 3);
        await using var load = new ShopperLoad(Shoppers, () => cluster.Nodes);
        await load.MakeRequestsAsync(200);

        // Away for longer than two leases, then back with nothing in it: an outage and a flush in one.
        await redis.KillAsync();
        var away = Stopwatch.GetTimestamp();
        await Eventually.Async(() => Stopwatch.GetElapsedTime(away) > Outage, "the outage lasts", Outage * 2);
        await redis.StartAsync();
        await cluster.WaitUntilAllSeeAsync(3);
        await load.MakeRequestsAsync(500);

        await cluster.FlushRedisAsync();
        await load.MakeRequestsAsync(100);
        await cluster.WaitUntilAllSeeAsync(3);
        await load.MakeRequestsAsync(500);

        Assert.Empty(load.Failures);
        Assert.Empty(load.Surprises);
    }

    [Fact]
    public async Task NodeThatJoins_MovesNoSessionAndFailsNoRequest()
    {
        await using var cluster = await ShopClusterOfProcesses.StartAsync(await sharedRedis.ConfigurationAsync(), 2);
        await using var load = new ShopperLoad(Shoppers, () => cluster.Nodes);
        await load.MakeRequestsAsync(200);

        // Sessions that begin on the new node are used at once on nodes that may not have heard of it.
        await cluster.AddAsync("web-3");
        for (var i = 0; i < 20; i++)
        {
            using var shopper = new Shopper();
            var begun = await shopper.AddAsync(cluster.Nodes[2].Address, TestContext.Current.CancellationToken);
            var seen = await shopper.AddAsync(cluster.Nodes[i % 2].Address, TestContext.Current.CancellationToken);
            Assert.Equal((begun.Session, "web-3", 2), (seen.Session, seen.Owner, seen.Count));
        }

        await load.MakeRequestsAsync(500);
        Assert.Empty(load.Failures);
        Assert.Empty(load.Surprises);
    }

    /// <summary>How long Redis is away: twelve seconds, or what the environment says, for a longer look by hand.</summary>
    private static TimeSpan Outage => TimeSpan.TryParse(
        Environment.GetEnvironmentVariable("STICKY_TEST_REDIS_OUTAGE"), System.Globalization.CultureInfo.InvariantCulture, out var chosen)
        ? chosen
        : TimeSpan.FromSeconds(12);
}
