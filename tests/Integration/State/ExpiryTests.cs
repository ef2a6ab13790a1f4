using Microsoft.Extensions.DependencyInjection;
using StickySessions.Ownership;
using StickySessions.Redis;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Placement;

namespace StickySessions.Tests.Integration.State;

/// <summary>A session that was idle for too long is over, and so is what Redis has of it.</summary>
public sealed class ExpiryTests(RedisServerFixture redis)
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task SessionThatIdledOut_WhenItsTokenComesBack_IsNewAndEmpty(int at)
    {
        await using var cluster = await ClusterAsync();
        var nodes = await cluster.StartAsync("web-1", "web-2");
        using var client = new StateClient();
        await client.PostAsync(nodes[0], "/basket/apple");
        var before = await IdleOutAsync(nodes[0]);

        Assert.Equal("", await client.GetAsync(nodes[at], "/basket"));

        Assert.DoesNotContain(nodes.SelectMany(node => node.Held.All()), session => session.Id == before.Id);
        await client.PostAsync(nodes[at], "/basket/bread");
        Assert.Equal("bread", await client.GetAsync(nodes[1 - at], "/basket"));
    }

    [Fact]
    public async Task SessionThatIdledOut_AfterItHadMoved_IsNewAndEmpty()
    {
        await using var cluster = await ClusterAsync();
        var nodes = await cluster.StartAsync("web-1", "web-2");
        using var client = new StateClient();
        await client.PostAsync(nodes[0], "/basket/apple");
        await nodes[0].KillAsync();
        Assert.Equal("apple", await client.GetAsync(nodes[1], "/basket"));
        Assert.Equal(2u, (await IdleOutAsync(nodes[1])).Epoch);

        Assert.Equal("", await client.GetAsync(nodes[1], "/basket"));
    }

    [Fact]
    public async Task SessionThatIdledOut_WhoseOwnerIsKilledAfterwards_DoesNotComeBack()
    {
        await using var cluster = await ClusterAsync();
        var nodes = await cluster.StartAsync("web-1", "web-2");
        using var client = new StateClient();
        await client.PostAsync(nodes[0], "/basket/apple");
        var session = await IdleOutAsync(nodes[0]);
        await Eventually.Async(async () => !await HasRecordAsync(nodes[1], session), "its owner has withdrawn the record");

        await nodes[0].KillAsync();

        Assert.Equal("", await client.GetAsync(nodes[1], "/basket"));
    }

    private async Task<PlacementCluster> ClusterAsync()
        => StateApplication.Cluster(await redis.ConfigurationAsync(), sticky => sticky.ConfigurePolicy(policy => policy.IdleTimeout = TimeSpan.FromSeconds(1)));

    /// <summary>The only session of the node, once it may not be entered any more.</summary>
    private static async Task<HeldSession> IdleOutAsync(PlacementNode node)
    {
        var session = node.Held.All().Single();
        Assert.True(await HasRecordAsync(node, session));
        await Eventually.Async(() => node.Held.Find(session.Id) is null, "it has idled out");
        return session;
    }

    private static async Task<bool> HasRecordAsync(PlacementNode node, HeldSession session)
    {
        var connections = node.Services.GetRequiredService<IRedisConnections>();
        return await connections.Records.GetDatabase().KeyExistsAsync(connections.SessionKey(session.Id.ToString()));
    }
}
