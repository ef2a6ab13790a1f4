using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Redis;
using StickySessions.Tests.Integration.Cluster;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Startup;

namespace StickySessions.Tests.Integration.Fencing;

/// <summary>Nodes whose beats do not reach Redis any more, while clients and other nodes still reach them.</summary>
public sealed class CutOffNodeTests(GarnetServerFixture server) : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _cluster = $"test-{Guid.NewGuid():n}";
    private readonly List<TestApp> _nodes = [];
    private string _redis = "";
    private int _ran;

    public async ValueTask InitializeAsync() => _redis = await server.ConfigurationAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task Consistency_PastTheDeadline_AnswersLeaseExpiredUntilTheLeaseIsRenewed()
    {
        var node = await StartAsync("web-1", RedisLostBehavior.PreferConsistency);
        var first = await node.GetAsync("/session");

        Cut(node);
        await Eventually.Async(() => !LeaseOf(node).IsHeld);

        AssertLeaseExpired(await node.GetAsync("/count", first.Cookie));
        AssertLeaseExpired(await node.GetAsync("/count"));
        Assert.Equal(0, _ran);
        Assert.Equal(HttpStatusCode.OK, (await node.GetAsync("/plain")).Status);

        Restore(node);
        await Eventually.Async(() => LeaseOf(node).IsHeld);
        var after = await node.GetAsync("/session", first.Cookie);
        Assert.Equal((HttpStatusCode.OK, first.Body), (after.Status, after.Body));
    }

    [Fact]
    public async Task Consistency_PastTheDeadline_AbortsWhatRuns()
    {
        var node = await StartAsync("web-1", RedisLostBehavior.PreferConsistency);
        var first = await node.GetAsync("/session");
        var running = node.GetAsync("/stream", first.Cookie);
        await Eventually.Async(() => Held(node).Running == 1);

        Cut(node);

        await Assert.ThrowsAsync<HttpRequestException>(() => running.WaitAsync(Patience, TestContext.Current.CancellationToken));
        Assert.False(LeaseOf(node).IsHeld);
        await Eventually.Async(() => Held(node).Running == 0);
    }

    [Fact]
    public async Task Availability_NoPeerHasALease_ServesOn_AndStopsWhenOneHas()
    {
        var nodes = new[] { await StartAsync("web-1"), await StartAsync("web-2") };
        var first = await nodes[0].GetAsync("/session");
        await Eventually.Async(() => ViewOf(nodes[0]).Nodes.Length == 2);

        Cut(nodes);
        await Eventually.Async(() => nodes.All(node => !LeaseOf(node).IsHeld));
        var alone = await nodes[0].GetAsync("/session", first.Cookie);
        Assert.Equal((HttpStatusCode.OK, first.Body), (alone.Status, alone.Body));
        Assert.Equal(HttpStatusCode.OK, (await nodes[0].GetAsync("/session")).Status);

        Restore(nodes[1]);
        await Eventually.Async(() => LeaseOf(nodes[1]).IsHeld);
        await Eventually.Async(async () => (await nodes[0].GetAsync("/session", first.Cookie)).Status == HttpStatusCode.ServiceUnavailable);
        AssertLeaseExpired(await nodes[0].GetAsync("/count", first.Cookie));
        AssertLeaseExpired(await nodes[0].GetAsync("/count"));
        Assert.Equal(0, _ran);
    }

    [Theory]
    [InlineData(RedisLostBehavior.PreferAvailability)]
    [InlineData(RedisLostBehavior.PreferConsistency)]
    public async Task PastTheDeadline_ClaimsNothing(RedisLostBehavior behavior)
    {
        // Its records stay within reach; only its lease does not.
        var nodes = new[] { await StartAsync("web-1", behavior), await StartAsync("web-2", behavior) };
        await Eventually.Async(() => ViewOf(nodes[1]).Nodes.Length == 2);
        var first = await nodes[0].GetAsync("/session");
        await nodes[0].StopAsync();
        await Eventually.Async(() => ViewOf(nodes[1]).Nodes.Length == 1);

        Cut(nodes[1]);
        await Eventually.Async(() => !LeaseOf(nodes[1]).IsHeld);
        AssertLeaseExpired(await nodes[1].GetAsync("/session", first.Cookie));

        Restore(nodes[1]);
        await Eventually.Async(async () => (await nodes[1].GetAsync("/session", first.Cookie)).Body == first.Body);
    }

    [Fact]
    public async Task SessionClaimedByAnother_IsGivenUpByTheOneThatWasCutOff()
    {
        var (cut, other) = (await StartAsync("web-1"), await StartAsync("web-2"));
        await Eventually.Async(() => ViewOf(other).Nodes.Length == 2);
        var first = await cut.GetAsync("/session");
        var running = cut.GetAsync("/stream", first.Cookie);
        await Eventually.Async(() => Held(cut).Running == 1);
        var session = Held(cut);

        // Nobody asks it for anything meanwhile: only the other node can tell it.
        Cut(cut);
        await Eventually.Async(() => ViewOf(other).Nodes.Length == 1);
        Assert.False(session.IsLost);
        var claimed = await other.GetAsync("/session", first.Cookie);

        Assert.Equal((HttpStatusCode.OK, first.Body), (claimed.Status, claimed.Body));
        Assert.True(session.IsLost);
        await Assert.ThrowsAsync<HttpRequestException>(() => running.WaitAsync(Patience, TestContext.Current.CancellationToken));

        // It has nothing of it any more, and the record, which it can read, names the other.
        var after = await cut.GetAsync("/session", first.Cookie);
        Assert.Equal((HttpStatusCode.OK, first.Body), (after.Status, after.Body));
        Assert.Empty(cut.Services.GetRequiredService<HeldSessions>().All());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task BackAgain_WhatRanGoesOnUnlessAnotherOwnedTheSessionMeanwhile(bool isClaimed)
    {
        var (cut, other) = (await StartAsync("web-1"), await StartAsync("web-2"));
        await Eventually.Async(() => ViewOf(other).Nodes.Length == 2);
        var first = await cut.GetAsync("/session");
        var running = cut.GetAsync("/stream", first.Cookie);
        await Eventually.Async(() => Held(cut).Running == 1);
        var (session, tag) = (Held(cut), MembershipOf(cut).Self.Tag);
        Cut(cut);
        await Eventually.Async(() => ViewOf(other).Nodes.Length == 1);
        if (isClaimed)
        {
            // As by a node that could not reach this one to ask for it.
            var claimed = await other.Services.GetRequiredService<IOwnershipDirectory>().ClaimAsync(
                session.Id, tag, session.Epoch, MembershipOf(other).Self.Tag, TestContext.Current.CancellationToken);
            Assert.Equal(ClaimStatus.Owned, claimed.Status);
        }

        Restore(cut);
        await Eventually.Async(() => MembershipOf(cut).Self.Tag != tag);

        if (isClaimed)
        {
            await Assert.ThrowsAsync<HttpRequestException>(() => running.WaitAsync(Patience, TestContext.Current.CancellationToken));
            Assert.True(session.IsLost);
        }
        else
        {
            await Eventually.Async(() => session.Epoch == 2);
            await Eventually.Async(() => LeaseOf(cut).IsHeldSince(session.Term));
            Assert.Equal((1, false), (session.Running, running.IsCompleted));
            var after = await cut.GetAsync("/session", first.Cookie);
            Assert.Equal((HttpStatusCode.OK, first.Body), (after.Status, after.Body));
            session.Lose();
            await Assert.ThrowsAsync<HttpRequestException>(() => running.WaitAsync(Patience, TestContext.Current.CancellationToken));
        }
    }

    private static IClusterMembership MembershipOf(TestApp node) => node.Services.GetRequiredService<IClusterMembership>();

    private static void AssertLeaseExpired(Answer answer)
    {
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.Contains("\"lease-expired\"", answer.Body, StringComparison.Ordinal);
    }

    private static void Cut(params TestApp[] nodes) => Array.ForEach(nodes, node => ConnectionsOf(node).IsSevered = true);

    private static void Restore(TestApp node) => ConnectionsOf(node).IsSevered = false;

    private static SeverableConnections ConnectionsOf(TestApp node) => (SeverableConnections)node.Services.GetRequiredService<IRedisConnections>();

    private static NodeLease LeaseOf(TestApp node) => MembershipOf(node).Lease;

    private static ClusterView ViewOf(TestApp node) => MembershipOf(node).View;

    private static HeldSession Held(TestApp node) => Assert.Single(node.Services.GetRequiredService<HeldSessions>().All());

    private async Task<TestApp> StartAsync(string name, RedisLostBehavior behavior = RedisLostBehavior.PreferAvailability)
    {
        var node = await TestApp.StartAsync(new()
        {
            Sticky = new()
            {
                ["Node:Name"] = name,
                ["Node:DrainDelay"] = "00:00:00",
                ["Keys:Secret"] = "one secret of the whole cluster, long enough",
                ["Interconnect:Url"] = "http://127.0.0.1:0",
                ["Policy:OnRedisLost"] = behavior.ToString(),
                ["Redis:Configuration"] = _redis,
                ["Redis:ClusterName"] = _cluster,
                ["Redis:BeatInterval"] = "00:00:00.2",
                ["Redis:Lease"] = "00:00:02",
            },
            AfterAdd = builder => builder.Services.AddSingleton<IRedisConnections>(provider =>
                new SeverableConnections(new RedisConnections(provider.GetRequiredService<IOptions<StickyRedisOptions>>()))),
            Map = app =>
            {
                app.MapGet("/count", () => Interlocked.Increment(ref _ran));
                app.MapGet("/stream", async (HttpContext context) =>
                {
                    await context.Response.WriteAsync("first");
                    await context.Response.Body.FlushAsync();
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
                });
            },
        });
        _nodes.Add(node);
        return node;
    }
}
