using Microsoft.Extensions.DependencyInjection;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.State;

/// <summary>A node that joins gets its part of the sessions that are there, if that is wanted.</summary>
public sealed class RebalancingTests(RedisServerFixture redis)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task NodeThatJoins_GetsItsShareOfIdleSessions_AndNoneIsLost(bool inRedis)
    {
        const int Sessions = 30;
        await using var cluster = StateApplication.Cluster(
            inRedis ? await redis.ConfigurationAsync() : null,
            sticky => sticky.Services.AddStickySessionState(state => (state.RebalanceAbove, state.RebalanceRate) = (1.05, 100)));
        cluster.Expect("web-1", "web-2");
        var first = Assert.Single(await cluster.StartAsync("web-1"));
        var clients = Enumerable.Range(0, Sessions).Select(_ => new StateClient()).ToArray();
        for (var i = 0; i < Sessions; i++)
        {
            await clients[i].PostAsync(first, $"/basket/item-{i}");
        }

        // One session is in use all the time, by a request that does not end.
        var waiting = clients[0].SendAsync(HttpMethod.Get, first, "/wait");
        await Eventually.Async(() => first.Held.All().Any(session => session.Running > 0), "a request runs");

        var nodes = await cluster.StartAsync("web-2");

        await Eventually.Async(() => nodes[1].Held.Count >= Sessions / 2 - 1, "the new node has its share");
        Assert.True(first.Held.Count >= Sessions / 2, "and the old one keeps its own");
        Assert.Contains(first.Held.All(), session => session.Running > 0);
        StateApplication.Release(first);
        using var answer = await waiting;
        Assert.True(answer.IsSuccessStatusCode);
        for (var i = 0; i < Sessions; i++)
        {
            Assert.Equal($"item-{i}", await clients[i].GetAsync(nodes[i % 2], "/basket"));
            clients[i].Dispose();
        }
    }
}
