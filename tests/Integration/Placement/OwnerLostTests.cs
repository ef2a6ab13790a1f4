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

namespace StickySessions.Tests.Integration.Placement;

/// <summary>What clients meet when the node that owned their session was killed, for each policy; in Redis and configured.</summary>
public sealed class OwnerLostTests(GarnetServerFixture redis)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Reject_OwnerKilledAndStartedAgain_NobodyServesTheSession(bool inRedis)
    {
        await using var cluster = await ClusterAsync(inRedis, policy => policy.OnOwnerLost = OwnerLostBehavior.Reject);
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        var cookie = (await nodes[0].GetAsync()).Cookie!;
        using var counted = new CountedMetrics(nodes[1].Services);

        await nodes[0].KillAsync();
        await AssertRejectedAsync(nodes[1], cookie);
        await AssertRejectedAsync(nodes[2], cookie);
        Assert.Equal([("result", "rejected", 1)], counted.Of("stickysessions.owner_lost"));

        var again = (await cluster.StartAsync("web-1")).Single(node => node.Name == "web-1");
        foreach (var ingress in new[] { nodes[1], nodes[2], again })
        {
            await AssertRejectedAsync(ingress, cookie);
            Assert.Equal(0, ingress.Held.Count);
        }
    }

    [Fact]
    public async Task Reject_OwnersProcessThatWasCutOffAndComesBack_GoesOnWithItsSession()
    {
        var cluster = $"test-{Guid.NewGuid():n}";
        await using var owner = await TestApp.StartAsync(await NodeAsync("web-1", cluster));
        await using var other = await TestApp.StartAsync(await NodeAsync("web-2", cluster));
        var connections = (SeverableConnections)owner.Services.GetRequiredService<IRedisConnections>();
        var view = other.Services.GetRequiredService<IClusterMembership>();
        var tag = owner.Services.GetRequiredService<IClusterMembership>().Self.Tag;
        var first = await owner.GetAsync("/session");

        connections.IsSevered = true;
        await Eventually.Async(() => view.View.Find(tag) is null, "the owner is gone");
        var rejected = await other.GetAsync("/session", first.Cookie);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, rejected.Status);
        Assert.Contains("owner-gone", rejected.Body, StringComparison.Ordinal);
        Assert.Equal(0, other.Services.GetRequiredService<HeldSessions>().Count);

        connections.IsSevered = false;
        await Eventually.Async(() => view.View.FindByFormerTag(tag) is { State: NodeState.Active }, "the owner is back");
        var again = await other.GetAsync("/session", first.Cookie);
        Assert.Equal((HttpStatusCode.OK, first.Body), (again.Status, again.Body));
        Assert.Equal(0, other.Services.GetRequiredService<HeldSessions>().Count);
        Assert.Equal(1, owner.Services.GetRequiredService<HeldSessions>().Count);
    }

    [Fact]
    public async Task Reject_AtANodeThatIsAskedToClaimByOneWithOtherSettings_ClaimsNothing()
    {
        var started = 0;
        await using var cluster = new PlacementCluster(await redis.ConfigurationAsync())
        {
            Configure = sticky =>
            {
                var rejects = ++started == 2;
                sticky.ConfigurePolicy(policy => policy.OnOwnerLost = rejects ? OwnerLostBehavior.Reject : OwnerLostBehavior.Reassign);
            },
        };
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        var cookies = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ => (await nodes[2].GetAsync()).Cookie!));
        await nodes[2].KillAsync();

        // Of twenty orphans web-2 is surely the candidate of one.
        var answers = await Task.WhenAll(cookies.Select(cookie => nodes[0].GetAsync(cookie: cookie)));
        Assert.Contains(answers, answer => answer.Body.Contains("owner-gone", StringComparison.Ordinal));
        Assert.DoesNotContain(answers, answer => answer.Body == "web-2");
        Assert.Equal(0, nodes[1].Held.Count);
    }

    [Fact]
    public async Task Reject_EndpointThatRemovesTheCookie_LetsTheUserStartAnew()
    {
        await using var cluster = await ClusterAsync(inRedis: true, policy => policy.OnOwnerLost = OwnerLostBehavior.Reject);
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        var cookie = (await nodes[0].GetAsync()).Cookie!;
        await nodes[0].KillAsync();
        await AssertRejectedAsync(nodes[1], cookie);

        var anew = await nodes[1].GetAsync("/start-anew", cookie);

        Assert.Equal(HttpStatusCode.OK, anew.Status);
        Assert.Equal(".StickySession=", anew.Cookie);
        var fresh = await nodes[1].GetAsync();
        Assert.Equal("200 web-2", fresh.ToString());
        Assert.NotEqual(cookie, fresh.Cookie);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Reject_OnceTheSessionWouldHaveIdledOut_ANewOneBegins(bool inRedis)
    {
        await using var cluster = await ClusterAsync(
            inRedis, policy => (policy.OnOwnerLost, policy.IdleTimeout) = (OwnerLostBehavior.Reject, TimeSpan.FromSeconds(6)));
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        var cookie = (await nodes[0].GetAsync()).Cookie!;
        await nodes[0].KillAsync();
        await AssertRejectedAsync(nodes[1], cookie);

        await Eventually.Async(async () => (await nodes[1].GetAsync(cookie: cookie)).Status == HttpStatusCode.OK, "a new session");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WaitThenReassign_OwnerStartedAgainUnderItsName_ServesWhatWaited(bool inRedis)
    {
        await using var cluster = await ClusterAsync(inRedis, Waiting(TimeSpan.FromMinutes(5)));
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        var cookies = await Task.WhenAll(Enumerable.Range(0, 6).Select(async _ => (await nodes[0].GetAsync()).Cookie!));

        await nodes[0].KillAsync();
        var waiting = cookies.Select((cookie, i) => nodes[1 + (i % 2)].GetAsync(cookie: cookie)).ToArray();
        await Eventually.Async(() => WaitingAt(nodes[1]) == 3 && WaitingAt(nodes[2]) == 3, "the requests wait");
        Assert.DoesNotContain(waiting, request => request.IsCompleted);
        var again = (await cluster.StartAsync("web-1")).Single(node => node.Name == "web-1");

        // Whoever the candidates would have been.
        Assert.All(await Task.WhenAll(waiting), answer => Assert.Equal("200 web-1", answer.ToString()));
        Assert.Equal(cookies.Length, again.Held.Count);
        Assert.Equal(0, WaitingAt(nodes[1]) + WaitingAt(nodes[2]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WaitThenReassign_OwnerThatNeverComes_IsReplacedAfterTheWait(bool inRedis)
    {
        await using var cluster = await ClusterAsync(inRedis, Waiting(TimeSpan.FromSeconds(2)));
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        var cookies = await Task.WhenAll(Enumerable.Range(0, 6).Select(async _ => (await nodes[0].GetAsync()).Cookie!));

        await nodes[0].KillAsync();
        var waiting = cookies.Select((cookie, i) => nodes[1 + (i % 2)].GetAsync(cookie: cookie)).ToArray();
        await Eventually.Async(() => WaitingAt(nodes[1]) == 3 && WaitingAt(nodes[2]) == 3, "the requests wait");

        Assert.All(await Task.WhenAll(waiting), answer => Assert.Contains(answer.ToString(), (string[])["200 web-2", "200 web-3"]));
        Assert.Equal(cookies.Length, nodes[1].Held.Count + nodes[2].Held.Count);
    }

    [Fact]
    public async Task WaitThenReassign_ClientThatGoes_WaitsNoMore()
    {
        await using var cluster = await ClusterAsync(inRedis: true, Waiting(TimeSpan.FromMinutes(5)));
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        var cookie = (await nodes[0].GetAsync()).Cookie!;
        await nodes[0].KillAsync();
        using (var client = new HttpClient(new SocketsHttpHandler { UseCookies = false }))
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, nodes[1].Address);
            request.Headers.Add("Cookie", cookie);
            _ = client.SendAsync(request, TestContext.Current.CancellationToken);
            await Eventually.Async(() => WaitingAt(nodes[1]) == 1, "the request waits");
        }

        await Eventually.Async(() => WaitingAt(nodes[1]) == 0, "it waits no more");
    }

    private static int WaitingAt(PlacementNode node) => node.Services.GetRequiredService<LostOwners>().Waiting;

    private static async Task AssertRejectedAsync(PlacementNode ingress, string cookie)
    {
        var answer = await ingress.GetAsync(cookie: cookie);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.Contains("\"reason\":\"owner-gone\"", answer.Body, StringComparison.Ordinal);
        Assert.Equal(5, answer.RetryAfter);
        Assert.Equal(cookie, answer.Cookie);
    }

    private static Action<StickyPolicyOptions> Waiting(TimeSpan wait)
        => policy => (policy.OnOwnerLost, policy.OwnerLostWait) = (OwnerLostBehavior.WaitThenReassign, wait);

    private async Task<TestAppSetup> NodeAsync(string name, string cluster)
    {
        var configuration = await redis.ConfigurationAsync();
        return new()
        {
            Sticky = new()
            {
                ["Node:Name"] = name,
                ["Node:DrainDelay"] = "00:00:00",
                ["Keys:Secret"] = "one secret of the whole cluster, long enough",
                ["Interconnect:Url"] = "http://127.0.0.1:0",
                ["Redis:Configuration"] = configuration,
                ["Redis:ClusterName"] = cluster,
                ["Redis:BeatInterval"] = "00:00:00.2",
                ["Redis:Lease"] = "00:00:01",
                ["Policy:OnOwnerLost"] = "Reject",
            },
            AfterAdd = builder => builder.Services.AddSingleton<IRedisConnections>(provider =>
                new SeverableConnections(new RedisConnections(provider.GetRequiredService<IOptions<StickyRedisOptions>>()))),
        };
    }

    private async Task<PlacementCluster> ClusterAsync(bool inRedis, Action<StickyPolicyOptions> policy)
        => new(inRedis ? await redis.ConfigurationAsync() : null)
        {
            Configure = sticky => sticky.ConfigurePolicy(policy),
            Map = app => app.MapGet("/start-anew", (HttpContext context) => context.Response.Cookies.Delete(".StickySession")).DisableStickySession(),
        };
}
