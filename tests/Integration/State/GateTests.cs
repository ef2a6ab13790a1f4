using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Policies;
using StickySessions.State;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Placement;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.State;

/// <summary>What happens to a session whose gate is closed.</summary>
public sealed class GateTests(RedisServerFixture redis)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SessionThatEnds_WhileItsGateIsClosed_IsNotHandedOver(bool inRedis)
    {
        await using var cluster = StateApplication.Cluster(inRedis ? await redis.ConfigurationAsync() : null);
        var nodes = await cluster.StartAsync("web-1", "web-2");
        using var client = new StateClient();
        await client.PostAsync(nodes[0], "/basket/apple");
        var session = nodes[0].Held.All().Single();
        var ending = client.DeleteAsync(nodes[0], "/wait-and-end");
        await Eventually.Async(() => session.Running > 0, "a request runs");

        var moving = MoveAsync(nodes[0], nodes[1], session);
        await Eventually.Async(() => session.IsMoving, "the gate is closed");
        StateApplication.Release(nodes[0]);
        await ending;

        await moving;
        Assert.DoesNotContain(nodes[1].Held.All(), held => held.Id == session.Id);
        Assert.Equal("", await client.GetAsync(nodes[1], "/basket"));
    }

    [Fact]
    public async Task HashedSession_MovedAndHandedBack_IsTaken()
    {
        await using var cluster = StateApplication.Cluster(redis: null, sticky => sticky.ConfigurePolicy(policy =>
        {
            policy.Method = StickyMethod.Hash;
            policy.Sources.Add(new() { Kind = StickyTokenSourceKind.Header, Name = "X-User" });
        }));
        var nodes = await cluster.StartAsync("web-1", "web-2");
        using var client = new StateClient("somebody");
        await client.PostAsync(nodes[0], "/basket/apple");
        var (home, other) = nodes[0].Held.Count == 1 ? (nodes[0], nodes[1]) : (nodes[1], nodes[0]);

        Assert.True(await MoveAsync(home, other, home.Held.All().Single()));
        Assert.Equal("apple", await client.GetAsync(home, "/basket"));
        await other.StopAsync();

        Assert.Equal("apple", await client.GetAsync(home, "/basket"));
    }

    private static Task<bool> MoveAsync(PlacementNode from, PlacementNode to, StickySessions.Ownership.HeldSession session)
        => from.Services.GetRequiredService<SessionHandOff>().MoveAsync(
            session,
            from.Services.GetRequiredService<IClusterMembership>().View.Nodes.Single(node => node.Name == to.Name),
            TimeSpan.FromMinutes(1),
            TestContext.Current.CancellationToken);
}
