using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>Sessions that no record names: of a node that was declared gone and has come back, and of a store that may have lost some.</summary>
public sealed class SessionsWithoutRecordTests(GarnetServerFixture garnet) : HashedSessionTestBase(garnet)
{
    [Fact]
    public async Task NodeThatWasDeclaredGone_AndComesBack_GoesOnWithWhatNobodyElseHolds()
    {
        await using var cluster = await StartAsync(TokenCluster.ByUser());
        var users = await BeginAsync(cluster, 12);

        await DeclareGoneAsync(cluster, "web-2");

        foreach (var (user, owner) in users)
        {
            Assert.Equal(owner, await cluster.OwnerAsync(user: user));
        }
    }

    [Fact]
    public async Task SessionWithARunningRequest_WhoseNodeWasDeclaredGone_LeavesNoRecord()
    {
        await using var cluster = await StartAsync(TokenCluster.ByUser());
        var user = (await BeginAsync(cluster, 12)).First(pair => pair.Value == "web-2").Key;
        var session = cluster.Named("web-2").Held.Find(cluster.IdOf(user))!;
        var lease = cluster.Of<IClusterMembership>("web-2").Lease;
        Assert.True(session.TryEnter());

        await DeclareGoneAsync(cluster, "web-2");

        await Eventually.Async(() => session.Term == lease.Term, "web-2 has confirmed what runs");
        Assert.Equal(1u, session.Epoch);
        Assert.False(await HasRecordAsync(cluster, user));
        Assert.Equal("web-2", await cluster.OwnerAsync(user: user));
    }

    [Fact]
    public async Task StoreDoubted_LeavesNoRecordOfHashedSessions()
    {
        await using var cluster = await StartAsync(TokenCluster.ByUser());
        var users = await BeginAsync(cluster, 20);

        foreach (var node in cluster.Nodes)
        {
            node.Held.DoubtAll();
            cluster.Of<StoreDoubt>(node.Name).Arise();
        }

        foreach (var (user, owner) in users)
        {
            Assert.Equal(owner, await cluster.OwnerAsync(user: user));
            Assert.False(await HasRecordAsync(cluster, user));
        }
    }

    /// <summary>A cookie from before the policy was there: nothing but the memory of its home says where its session is.</summary>
    [Theory]
    [InlineData(StickyMethod.Rewrite)]
    [InlineData(StickyMethod.Learn)]
    public async Task SessionOfAnUnboundToken_ThatAnotherNodeBeganMeanwhile_IsGivenUpByTheNodeThatCameBack(StickyMethod method)
    {
        await using var cluster = await StartAsync(TokenCluster.ByCookie(method));
        var (token, session) = await BeginUnboundAsync(cluster, "web-2");
        var policy = cluster.Of<PolicyResolver>("web-1").Default;
        cluster.Named("web-1").Held.HoldIdle(session.Id, SessionClaim.First, default, policy, cluster.Named("web-1").Held.Asking());

        await DeclareGoneAsync(cluster, "web-2");

        await Eventually.Async(() => session.IsLost, "web-2 has given it up");
        Assert.False(await HasRecordAsync(cluster, token));
        Assert.Equal("web-1", await cluster.OwnerAsync($"{ApplicationWithTokens.Cookie}={token}"));
        Assert.Equal(["web-1"], cluster.HoldersOf(session.Id));
    }

    [Theory]
    [InlineData(StickyMethod.Rewrite)]
    [InlineData(StickyMethod.Learn)]
    public async Task SessionOfAnUnboundToken_ThatNobodyElseHolds_GoesOnAtTheNodeThatCameBack(StickyMethod method)
    {
        await using var cluster = await StartAsync(TokenCluster.ByCookie(method));
        var (token, session) = await BeginUnboundAsync(cluster, "web-2");
        var lease = cluster.Of<IClusterMembership>("web-2").Lease;

        await DeclareGoneAsync(cluster, "web-2");

        await Eventually.Async(() => session.Term == lease.Term, "web-2 has claimed what runs");
        Assert.True(await HasRecordAsync(cluster, token));
        Assert.Equal("web-2", await cluster.OwnerAsync($"{ApplicationWithTokens.Cookie}={token}"));
        Assert.Equal(["web-2"], cluster.HoldersOf(session.Id));
    }

    /// <returns>The session, in which a request runs.</returns>
    private static async Task<(string Token, HeldSession Session)> BeginUnboundAsync(TokenCluster cluster, string home)
    {
        var token = Enumerable.Range(0, 100).Select(i => $"old-{i}").First(token => HomeOf(cluster, token) == home);
        Assert.Equal(home, (await cluster.GetAsync("web-1", "/owner", $"{ApplicationWithTokens.Cookie}={token}")).Body);
        var session = cluster.Named(home).Held.Find(cluster.IdOf(token))!;
        Assert.True(session.TryEnter());
        Assert.False(session.Claim.HasRecord);
        return (token, session);
    }

    private static async Task<bool> HasRecordAsync(TokenCluster cluster, string token)
    {
        var connections = cluster.Of<Redis.IRedisConnections>("web-1");
        return await connections.Records.GetDatabase().KeyExistsAsync(connections.SessionKey(cluster.IdOf(token).ToString()));
    }

    /// <summary>The others declare a node gone, as if its lease had run out; it lives on and joins again.</summary>
    private static async Task DeclareGoneAsync(TokenCluster cluster, string node)
    {
        var connections = cluster.Of<Redis.IRedisConnections>(node);
        var membership = cluster.Of<IClusterMembership>(node);
        var (term, tag) = (membership.Lease.Term, membership.Self.Tag.ToString());
        await Eventually.Async(async () =>
        {
            await connections.Beats.GetDatabase().SortedSetAddAsync(ViewKeys.All(connections)[1], tag, 0);
            return membership.Lease.Term > term;
        }, $"{node} was declared gone and is back");
        await cluster.UntilAllSeeAsync("web-1", "web-2", "web-3");
    }
}
