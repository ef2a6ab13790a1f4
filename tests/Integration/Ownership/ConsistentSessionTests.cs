using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Ownership;

/// <summary>Sessions of a policy that prefers consistency: while Redis cannot say whether they are this node's own, nobody serves them.</summary>
public sealed class ConsistentSessionTests : IAsyncLifetime
{
    private RedisServerProcess _redis = null!;
    private DoubtTestCluster _cluster = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServerProcess.StartOrSkipAsync();
        _cluster = await DoubtTestCluster.StartAsync(_redis.Configuration, sticky: sticky => sticky
            .ConfigurePolicy(policy => policy.OnRedisLost = RedisLostBehavior.PreferConsistency)

            // So long that nothing is refused because it ended.
            .UseRedis(redis => redis.Lease = TimeSpan.FromMinutes(5)));
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is { } cluster)
        {
            await cluster.DisposeAsync();
        }

        if (_redis is { } redis)
        {
            await redis.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task UnverifiedSession_WhileRedisIsAwayAgain_IsRefusedUntilItIsBack(int ingress)
    {
        var cookie = await _cluster[0].StartSessionAsync();
        var held = _cluster.HeldBy(0);
        _cluster.Of<HeldSessions>(0).DoubtAll();
        await _redis.KillAsync();

        var refused = await _cluster.GetAsync(ingress, cookie);

        Assert.StartsWith("503 ", refused, StringComparison.Ordinal);
        Assert.Contains("\"reason\":\"directory-unavailable\"", refused, StringComparison.Ordinal);
        await _redis.StartAsync();
        await Eventually.Async(async () => await _cluster.GetAsync(ingress, cookie) == "node-1", "it is served where it was");
        Assert.Same(held, _cluster.HeldBy(0));
    }

    [Fact]
    public async Task End_WhileRedisIsAway_IsNotAcknowledged()
    {
        var cookie = await _cluster[0].StartSessionAsync();
        await _redis.KillAsync();

        var refused = await _cluster.GetAsync(0, cookie, "/end");

        Assert.StartsWith("503 ", refused, StringComparison.Ordinal);
        Assert.Contains("\"reason\":\"directory-unavailable\"", refused, StringComparison.Ordinal);
    }
}
