using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Redis;
using StickySessions.Tests.Integration.Cluster;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Ownership;

/// <summary>An ingress node that knows neither the session's new owner nor the node that it is learns both from one refusal.</summary>
public sealed class StaleIngressTests(GarnetServerFixture redis)
{
    [Fact]
    public async Task HandedOffSession_ThroughAnIngressNodeWithAnOldViewAndAnOldToken_ReachesItsNewOwner()
    {
        // The third node can be cut off from Redis, so that what it sees is old.
        var severed = new List<SeverableConnections>();
        await using var cluster = await DoubtTestCluster.StartAsync(
            await redis.ConfigurationAsync(),
            nodes: 3,
            builder =>
            {
                var last = builder.Services.Last(service => service.ServiceType == typeof(IRedisConnections));
                builder.Services.Remove(last);
                builder.Services.AddSingleton<RedisConnections>();
                builder.Services.AddSingleton<IRedisConnections>(services =>
                {
                    var connections = new SeverableConnections(services.GetRequiredService<RedisConnections>());
                    lock (severed)
                    {
                        severed.Add(connections);
                    }

                    return connections;
                });
            });
        var cookie = await cluster[0].StartSessionAsync();
        var session = cluster.HeldBy(0);
        var ingress = cluster.Of<IClusterMembership>(2);
        severed[2].IsSevered = true;
        await Eventually.Async(() => ingress.Degradation is not null);
        var old = ingress.View;

        // The second node comes back under a new tag, and gets the session by a hand-off.
        await ExpireAsync(cluster, severed[1]);
        var next = cluster.Of<IClusterMembership>(1).Self.Tag;
        var answer = await ((ISessionRecords)cluster.Of<IOwnershipDirectory>(0)).HandOffAsync(
            session.Id, cluster.Of<IClusterMembership>(0).Self.Tag, session.Claim, default, DateTimeOffset.MaxValue, next, 77, TestContext.Current.CancellationToken);
        Assert.Equal(RecordStatus.Accepted, answer.Status);
        cluster.Of<HeldSessions>(0).Drop(session);
        Assert.Null(ingress.View.Find(next));
        severed[2].IsSevered = false;

        Assert.Equal("node-2", await cluster.GetAsync(2, cookie));
        Assert.Equal(new SessionClaim(2, 77), cluster.HeldBy(1).Claim);
        Assert.True(ingress.View.Version > old.Version);
    }

    private static async Task ExpireAsync(DoubtTestCluster cluster, SeverableConnections connections)
    {
        var (node, witness, redis) = (cluster.Of<IClusterMembership>(1), cluster.Of<IClusterMembership>(0), cluster.Of<IRedisConnections>(0));
        var before = node.Self.Tag;
        connections.IsSevered = true;
        await Eventually.Async(() => node.Degradation is not null);
        await redis.Beats.GetDatabase().SortedSetAddAsync(redis.Key("view:leases"), before.ToString(), 1);
        await Eventually.Async(() => witness.View.Find(before) is null);
        connections.IsSevered = false;
        await Eventually.Async(() => node.IsJoined && node.Self.Tag != before);
    }
}
