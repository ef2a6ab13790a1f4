using System.Net;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Outcomes;

/// <summary>
/// Each outcome, produced by a real request among three nodes: where it is counted, and once; and what the client, the activity and the logs are told.
/// </summary>
public sealed class OutcomesTests(GarnetServerFixture redis)
{
    [Fact]
    public async Task New_WithoutAToken()
    {
        await using var cluster = await OutcomeCluster.StartAsync(redis);

        var told = await cluster.SendAsync(0);

        await cluster.ShownAsync(0, told, "new", owner: 0, epoch: 1);
        await cluster.CountsAsync(0, "new");
    }

    [Fact]
    public async Task TokenInvalid_WithAForgedOne()
    {
        await using var cluster = await OutcomeCluster.StartAsync(redis);

        var told = await cluster.SendAsync(0, cookie: ".StickySession=nonsense");

        await cluster.ShownAsync(0, told, "token-invalid", owner: 0, epoch: 1);
        await cluster.CountsAsync(0, "token-invalid");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task SessionOver_WithTheTokenOfASessionThatHasEnded(int ingress)
    {
        await using var cluster = await OutcomeCluster.StartAsync(redis);
        var cookie = await cluster.StartSessionAsync(0);
        await cluster.SendAsync(0, "/end", cookie);
        await cluster.ForgetAsync(0, "local");

        var told = await cluster.SendAsync(ingress, cookie: cookie);

        if (ingress == 0)
        {
            await cluster.ShownAsync(0, told, "session-over", owner: 0, epoch: 1);
            await cluster.CountsAsync(0, "session-over");
            return;
        }

        // The owner begins a new one, rather than send its client back.
        await cluster.ShownAsync(1, told, "forwarded", owner: 0, epoch: 1);
        await cluster.CountsAsync(1, "forwarded");
        await cluster.CountsAsync(0, "session-over");
        Assert.Equal(cluster.Names[1], cluster.Scope(0, "session-over")["StickyIngress"]);
    }

    [Fact]
    public async Task Local_AtTheOwner()
    {
        await using var cluster = await OutcomeCluster.StartAsync(redis);
        var cookie = await cluster.StartSessionAsync(0);

        var told = await cluster.SendAsync(0, cookie: cookie);

        await cluster.ShownAsync(0, told, "local", owner: 0, epoch: 1);
        await cluster.CountsAsync(0, "local");
    }

    [Fact]
    public async Task Forwarded_AndServedAtTheOwner()
    {
        await using var cluster = await OutcomeCluster.StartAsync(redis);
        var cookie = await cluster.StartSessionAsync(0);

        var told = await cluster.SendAsync(1, cookie: cookie);

        await cluster.ShownAsync(1, told, "forwarded", owner: 0, epoch: 1);
        await cluster.CountsAsync(1, "forwarded");
        await cluster.CountsAsync(0, "served");
        Assert.Equal(cluster.Names[1], cluster.Scope(0, "served")["StickyIngress"]);
        var tags = await cluster.ActivityAsync("served");
        Assert.Equal((cluster.Names[1], cluster.Names[0]), (tags["stickysessions.ingress"], tags["stickysessions.owner"]));
    }

    [Theory]
    [InlineData(0, "local")]
    [InlineData(1, "forwarded")]
    public async Task Application_ThatThrows_IsCountedOnce(int ingress, string outcome)
    {
        await using var cluster = await OutcomeCluster.StartAsync(redis);
        var cookie = await cluster.StartSessionAsync(0);

        Assert.Equal(HttpStatusCode.InternalServerError, (await cluster.SendAsync(ingress, "/throw", cookie)).Status);

        await cluster.CountsAsync(ingress, outcome);
    }

    [Fact]
    public async Task DisabledAndPreflight_WhereTheyArrived()
    {
        await using var cluster = await OutcomeCluster.StartAsync(redis);
        var cookie = await cluster.StartSessionAsync(0);

        await cluster.ShownAsync(1, await cluster.SendAsync(1, "/plain", cookie), "disabled", hasPolicy: false);
        await cluster.ShownAsync(1, await cluster.SendAsync(1, "/any", method: HttpMethod.Options), "preflight");

        await cluster.CountsAsync(1, "disabled", "preflight");
    }

    [Fact]
    public async Task Placed_ByAFullNode_AndShedWhereItsSessionIs()
    {
        await using var cluster = await OutcomeCluster.StartAsync(
            redis, sticky => sticky.ConfigureNode(node => (node.MaxRequests, node.WhenFull) = (1, FullNodeBehavior.Shed)));
        var cookie = await cluster.StartSessionAsync(0);
        var waiting = cluster.SendAsync(0, "/wait", cookie);
        await Eventually.Async(() => cluster.Waiting == 1);

        var placed = await cluster.SendAsync(0);
        var owner = placed.Outcome!.Contains($"owner={cluster.Names[1]}", StringComparison.Ordinal) ? 1 : 2;
        await cluster.ShownAsync(0, placed, "placed", owner, epoch: 1);
        await cluster.CountsAsync(owner, "served");

        var shed = await cluster.SendAsync(0, cookie: cookie);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, shed.Status);
        await cluster.ShownAsync(0, shed, "shed", owner: 0, reason: "owner-full");

        var shedAtOwner = await cluster.SendAsync(3 - owner, cookie: cookie);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, shedAtOwner.Status);
        await cluster.CountsAsync(3 - owner, "forwarded");

        cluster.Release.SetResult();
        await waiting;
        await cluster.CountsAsync(0, "local", "placed", "shed owner-full", "shed owner-full");
    }

    [Fact]
    public async Task NotMineRepaired_WhenTheTokensOwnerHasHandedTheSessionOver()
    {
        await using var cluster = await OutcomeCluster.StartAsync(redis);
        var cookie = await cluster.StartSessionAsync(0);
        var (from, to) = (cluster.Nodes[0].Services, cluster.Nodes[1].Services);
        var session = Assert.Single(cluster.Nodes[0].Held.All());
        await ((ISessionRecords)from.GetRequiredService<IOwnershipDirectory>()).HandOffAsync(
            session.Id, from.GetRequiredService<IClusterMembership>().Self.Tag, session.Claim, default, DateTimeOffset.MaxValue,
            to.GetRequiredService<IClusterMembership>().Self.Tag, 77, TestContext.Current.CancellationToken);
        cluster.Nodes[0].Held.Drop(session);

        var told = await cluster.SendAsync(2, cookie: cookie);

        await cluster.ShownAsync(2, told, "not-mine-repaired", owner: 1, epoch: 2);
        await cluster.CountsAsync(2, "not-mine-repaired");
        await cluster.CountsAsync(0, "refused");
        await cluster.CountsAsync(1, "served");
        Assert.Equal(session.Id.ToString(), (await cluster.ActivityAsync("refused"))["stickysessions.session"]);
    }

    [Fact]
    public async Task OwnerGoneAndClaimed_WhenTheOwnerWasKilled()
    {
        const int Orphans = 20;
        await using var cluster = await OutcomeCluster.StartAsync(redis);
        var cookies = new List<string>();
        for (var i = 0; i < Orphans; i++)
        {
            cookies.Add(await cluster.StartSessionAsync(0));
        }

        await cluster.Nodes[0].KillAsync();
        var told = new List<Told>();
        foreach (var cookie in cookies)
        {
            told.Add(await cluster.SendAsync(1, cookie: cookie));
        }

        await Eventually.Async(() => cluster.Counted(1).Length == Orphans);
        var elsewhere = cluster.Counted(1).Count(outcome => outcome == "owner-gone");
        Assert.InRange(elsewhere, 1, Orphans - 1);
        Assert.All(cluster.Counted(1), outcome => Assert.True(outcome is "owner-gone" or "claimed", outcome));
        await cluster.CountsAsync(2, [.. Enumerable.Repeat("claimed", elsewhere)]);
        Assert.Equal(cluster.Names[1], cluster.Scope(2, "claimed")["StickyIngress"]);

        Assert.Contains($"owner-gone; ingress={cluster.Names[1]}; owner={cluster.Names[2]}; policy=default", told.Select(one => one.Outcome));
        Assert.Contains($"claimed; ingress={cluster.Names[1]}; owner={cluster.Names[1]}; epoch=2; policy=default", told.Select(one => one.Outcome));
        Assert.Equal(cluster.Names[2], cluster.Scope(1, "owner-gone")["StickyOwner"]);
        Assert.Equal(cluster.Names[2], (await cluster.ActivityAsync("owner-gone"))["stickysessions.owner"]);
        Assert.Equal(2L, (await cluster.ActivityAsync("claimed"))["stickysessions.epoch"]);
    }

    [Fact]
    public async Task Failed_WhenNobodyMayServeTheSession()
    {
        await using var cluster = await OutcomeCluster.StartAsync(
            redis, sticky => sticky.ConfigurePolicy(policy => policy.OnOwnerLost = OwnerLostBehavior.Reject));
        var cookie = await cluster.StartSessionAsync(0);
        await cluster.Nodes[0].KillAsync();

        var told = await cluster.SendAsync(1, cookie: cookie);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, told.Status);
        Assert.StartsWith($"failed; reason=owner-gone; ingress={cluster.Names[1]}; ", told.Outcome, StringComparison.Ordinal);
        await cluster.CountsAsync(1, "failed owner-gone");
        Assert.Equal("owner-gone", cluster.Scope(1, "failed")["StickyReason"]);
        Assert.Equal("owner-gone", (await cluster.ActivityAsync("failed"))["stickysessions.reason"]);
    }

    /// <summary>What was begun is not counted as what it would have been.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Failed_WhenTheLeaseRanOutWhileTheApplicationRan(bool isWatched)
    {
        await using var cluster = await OutcomeCluster.StartAsync(redis, sticky =>
        {
            sticky.ConfigureDiagnostics(diagnostics => (diagnostics.LogScope, diagnostics.ResponseHeader) = (isWatched, isWatched));
            // The cluster does not know of the expiry that this test makes up, so there is no former tag to claim from.
            sticky.Services.Remove(sticky.Services.Single(service => service.ImplementationType == typeof(ReturnedNodeClaims)));
        });
        var cookie = await cluster.StartSessionAsync(0);

        var told = await cluster.SendAsync(0, "/lapse", cookie);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, told.Status);
        Assert.Equal(
            isWatched ? $"failed; reason=lease-expired; ingress={cluster.Names[0]}; owner={cluster.Names[0]}; epoch=1; policy=default" : null, told.Outcome);
        await cluster.CountsAsync(0, "failed lease-expired");
    }

    [Fact]
    public async Task ClientError_WhenTheClientGoesBeforeTheOwnerHasAnswered()
    {
        await using var cluster = await OutcomeCluster.StartAsync(redis);
        var cookie = await cluster.StartSessionAsync(0);
        using var going = new CancellationTokenSource();
        var request = cluster.SendAsync(1, "/wait", cookie, leaving: going);
        await Eventually.Async(() => cluster.Waiting == 1);

        await going.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await cluster.CountsAsync(1, "client-error");
        await cluster.CountsAsync(0, "served");
        Assert.Equal(cluster.Names[0], (await cluster.ActivityAsync("client-error"))["stickysessions.owner"]);
    }
}
