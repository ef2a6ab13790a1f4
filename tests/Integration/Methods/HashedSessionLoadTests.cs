using StickySessions.Ownership;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>Homes that have more than their share put new sessions elsewhere, and find them there again.</summary>
public sealed class HashedSessionLoadTests(GarnetServerFixture garnet) : HashedSessionTestBase(garnet)
{
    [Fact]
    public async Task BoundedLoad_SessionsStayWhereTheyWerePut()
    {
        await using var cluster = await StartAsync(TokenCluster.ByUser(loadFactor: 1.0));
        var users = await BeginAsync(cluster, 60);
        Assert.Contains(users, pair => HomeOf(cluster, pair.Key) != pair.Value);

        foreach (var (user, owner) in users)
        {
            Assert.Equal(owner, await cluster.OwnerAsync(user: user));
        }

        Assert.All(users, pair => Assert.Equal([pair.Value], cluster.HoldersOf(cluster.IdOf(pair.Key))));
    }

    /// <summary>It has spilled more sessions than it can remember.</summary>
    [Fact]
    public async Task BoundedLoad_HomeThatHasForgotten_AsksWhereTheSessionIs()
    {
        await using var cluster = await StartAsync(TokenCluster.ByUser(Idle, loadFactor: 1.0));
        var users = await BeginAsync(cluster, 60);
        var (user, owner) = users.First(pair => HomeOf(cluster, pair.Key) != pair.Value);
        await UseForAsync(cluster, owner, user, Idle * 1.5);

        foreach (var node in cluster.Nodes)
        {
            cluster.Of<KnownOwners>(node.Name).Forget(cluster.IdOf(user));
        }

        Assert.Equal(owner, await cluster.OwnerAsync(user: user));
        Assert.Equal([owner], cluster.HoldersOf(cluster.IdOf(user)));
    }
}
