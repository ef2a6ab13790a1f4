using System.Net;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>Tokens that the cluster has learnt: each is bound before its client has it, and stays so whatever becomes of nodes and memories.</summary>
public sealed class LearntSessionTests(GarnetServerFixture garnet)
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);

    public static TheoryData<bool> Directories => [true, false];

    [Theory]
    [MemberData(nameof(Directories))]
    public async Task SecondRequest_TheMomentTheFirstIsAnswered_FindsTheOwner(bool inRedis)
    {
        await using var cluster = await StartAsync(inRedis);
        await Parallel.ForEachAsync(Enumerable.Range(0, 150), new ParallelOptions { MaxDegreeOfParallelism = 12 }, async (i, _) =>
        {
            var first = await cluster.GetAsync(cluster.Nodes[i % 3], "/cookie");
            var others = await Task.WhenAll(
                cluster.GetAsync(cluster.Nodes[(i + 1) % 3], "/cookie", first.Cookie()), cluster.GetAsync(cluster.Nodes[(i + 2) % 3], "/cookie", first.Cookie()));

            Assert.All(others, other => Assert.Equal(first.Seen().Owner, other.Seen().Owner));
            Assert.Equal([2, 3], others.Select(other => other.Seen().Count).Order());
        });
    }

    [Theory]
    [MemberData(nameof(Directories))]
    public async Task TokenThatTwoNodesGiveOut_StaysWithTheFirst(bool inRedis)
    {
        await using var cluster = await StartAsync(inRedis);
        var cookie = (await cluster.GetAsync("web-1", "/give/shared")).Cookie();
        Assert.Equal("web-1", await cluster.OwnerAsync(cookie));

        Assert.Equal(HttpStatusCode.OK, (await cluster.GetAsync("web-2", "/give/shared")).Status);

        Assert.Equal("web-1", await cluster.OwnerAsync(cookie));
        Assert.Equal(["web-1"], cluster.HoldersOf(cluster.IdOf("shared")));
    }

    [Theory]
    [MemberData(nameof(Directories))]
    public async Task OwnerThatDies_AllNodesFindItsHeir(bool inRedis)
    {
        await using var cluster = await StartAsync(inRedis);
        var cookies = await BeginAtAsync(cluster, "web-2", 12);
        // web-1 knows the owner, web-3 has only heard of some.
        await Task.WhenAll(cookies.Select(cookie => cluster.GetAsync("web-1", "/owner", cookie)));
        await Task.WhenAll(cookies.Take(6).Select(cookie => cluster.GetAsync("web-3", "/owner", cookie)));

        await cluster.Named("web-2").KillAsync();
        await cluster.UntilAllSeeAsync("web-1", "web-3");

        foreach (var cookie in cookies)
        {
            var heir = await cluster.OwnerAsync(cookie);
            Assert.NotEqual("web-2", heir);
            Assert.Equal(heir, await cluster.OwnerAsync(cookie));
            var session = cluster.IdOf(cookie.Split('=')[1]);
            Assert.Equal([heir], cluster.HoldersOf(session));
            if (inRedis)
            {
                Assert.Equal(2u, cluster.Named(heir).Held.Find(session)!.Epoch);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Directories))]
    public async Task Heir_IsStillFound_WhenANodeJoins(bool inRedis)
    {
        await using var cluster = await StartAsync(inRedis);
        var cookies = await BeginAtAsync(cluster, "web-2", 12);
        await Task.WhenAll(cookies.Select(cookie => cluster.GetAsync("web-1", "/owner", cookie)));
        await cluster.Named("web-2").KillAsync();
        await cluster.UntilAllSeeAsync("web-1", "web-3");
        var heirs = new List<string>();
        foreach (var cookie in cookies)
        {
            heirs.Add(await cluster.OwnerAsync(cookie));
        }

        await cluster.StartAsync("web-2");

        for (var i = 0; i < cookies.Length; i++)
        {
            Assert.Equal(heirs[i], await cluster.OwnerAsync(cookies[i]));
        }
    }

    [Fact]
    public async Task RecordThatExpired_WhileTheSessionIsUsed_IsNotNeeded()
    {
        await using var cluster = await StartAsync(inRedis: true);
        var cookie = (await cluster.GetAsync("web-2", "/cookie")).Cookie();

        Assert.True(await DeleteRecordAsync(cluster, cookie));

        Assert.Equal("web-2", await cluster.OwnerAsync(cookie));
        Assert.Equal(["web-2"], cluster.HoldersOf(cluster.IdOf(cookie.Split('=')[1])));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public async Task SessionThatIdledOut_BeginsAgainAtOneNode(bool inRedis, bool withoutRecord)
    {
        await using var cluster = await StartAsync(inRedis, policy => policy.IdleTimeout = policy.FirstRequestTimeout = Idle);
        foreach (var ingress in new[] { "web-1", "web-2", "web-3" })
        {
            var cookie = (await cluster.GetAsync("web-2", "/cookie")).Cookie();
            var session = cluster.IdOf(cookie.Split('=')[1]);
            Assert.Equal("web-2", (await cluster.GetAsync("web-1", "/owner", cookie)).Body);
            await cluster.UntilForgottenAsync(session);
            if (withoutRecord)
            {
                await DeleteRecordAsync(cluster, cookie);
            }

            Assert.Equal(HttpStatusCode.OK, (await cluster.GetAsync(ingress, "/owner", cookie)).Status);
            await cluster.OwnerAsync(cookie);
            Assert.Single(cluster.HoldersOf(session));
        }
    }

    [Theory]
    [MemberData(nameof(Directories))]
    public async Task End_IsKnownToAllNodes(bool inRedis)
    {
        await using var cluster = await StartAsync(inRedis);
        var cookie = (await cluster.GetAsync("web-2", "/cookie")).Cookie();
        await cluster.OwnerAsync(cookie);

        Assert.Equal(HttpStatusCode.OK, (await cluster.GetAsync("web-1", "/end", cookie)).Status);

        Assert.Empty(cluster.HoldersOf(cluster.IdOf(cookie.Split('=')[1])));
        foreach (var node in cluster.Nodes)
        {
            // In a session of its own each, since the application gives out no token.
            Assert.Equal(HttpStatusCode.OK, (await cluster.GetAsync(node, "/owner", cookie)).Status);
        }

        Assert.Empty(cluster.HoldersOf(cluster.IdOf(cookie.Split('=')[1])));
    }

    /// <summary>The record stands in for the token: when it has expired the session is over, and nobody waits for its owner any longer.</summary>
    [Fact]
    public async Task OwnerGone_OfAPolicyThatRejects_UntilTheRecordExpires()
    {
        await using var cluster = await StartAsync(inRedis: true, policy => policy.OnOwnerLost = OwnerLostBehavior.Reject);
        var cookie = (await cluster.GetAsync("web-2", "/cookie")).Cookie();
        Assert.Equal("web-2", (await cluster.GetAsync("web-1", "/owner", cookie)).Body);
        await cluster.Named("web-2").KillAsync();
        await cluster.UntilAllSeeAsync("web-1", "web-3");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await cluster.GetAsync("web-1", "/owner", cookie)).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await cluster.GetAsync("web-3", "/owner", cookie)).Status);

        Assert.True(await DeleteRecordAsync(cluster, cookie));

        await cluster.OwnerAsync(cookie);
    }

    private static async Task<string[]> BeginAtAsync(TokenCluster cluster, string node, int sessions)
        => [.. (await Task.WhenAll(Enumerable.Range(0, sessions).Select(_ => cluster.GetAsync(node, "/cookie")))).Select(answer => answer.Cookie())];

    private static async Task<bool> DeleteRecordAsync(TokenCluster cluster, string cookie)
    {
        var connections = cluster.Of<Redis.IRedisConnections>("web-1");
        return await connections.Records.GetDatabase().KeyDeleteAsync(connections.SessionKey(cluster.IdOf(cookie.Split('=')[1]).ToString()));
    }

    private async Task<TokenCluster> StartAsync(bool inRedis, Action<StickyPolicyOptions>? policy = null)
        => await TokenCluster.StartAsync(
            inRedis ? await garnet.ConfigurationAsync() : null, TokenCluster.ByCookie(StickyMethod.Learn) + (policy ?? (_ => { })));
}
