using System.Net;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Placement;

namespace StickySessions.Tests.Integration.OneAtATime;

/// <summary>What was true of the session when a request came need not be true any more when it has its turn, or it never gets it.</summary>
public sealed class LostTurnTests(GarnetServerFixture redis)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task LeaseRunsOut_WhileItWaits_DoesNotRun(int ingress)
    {
        await using var app = await StartAsync(RedisLostBehavior.PreferAvailability);
        var held = await app.HoldAsync();
        var waiting = await app.WaitInLineAsync(ingress, "/run/waiting");

        app.Nodes[0].Services.GetRequiredService<IClusterMembership>().Lease.Expire();
        app.Release();

        AssertUnavailable("lease-expired", await waiting.WaitAsync(Patience, TestContext.Current.CancellationToken));
        AssertUnavailable("lease-expired", await held);
        await AssertNothingIsLeftAsync(app);
    }

    /// <summary>The request that has the turn heeds nothing.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task LeaseRunsOut_OfASessionThatPrefersConsistency_WaitsForNobody(int ingress)
    {
        await using var app = await StartAsync(RedisLostBehavior.PreferConsistency);
        var held = await app.HoldAsync();
        var waiting = await app.WaitInLineAsync(ingress, "/run/waiting");

        app.Nodes[0].Services.GetRequiredService<IClusterMembership>().Lease.Expire();

        AssertUnavailable("lease-expired", await waiting.WaitAsync(Patience, TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<HttpRequestException>(() => held);
        app.Release();
        await AssertNothingIsLeftAsync(app);
    }

    /// <summary>The request that has the turn heeds nothing.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task SessionLost_WhileItWaits_WaitsForNobody(int ingress)
    {
        await using var app = await StartAsync(RedisLostBehavior.PreferAvailability);
        var held = await app.HoldAsync();
        var waiting = await app.WaitInLineAsync(ingress, "/run/waiting");

        app.Nodes[0].Held.Drop(app.Session);

        AssertUnavailable("owner-unknown", await waiting.WaitAsync(Patience, TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<HttpRequestException>(() => held);
        app.Release();
        await AssertNothingIsLeftAsync(app);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task SessionEnded_WhileItWaits_RunsInANewOne(int ingress)
    {
        await using var app = await StartAsync(RedisLostBehavior.PreferAvailability);
        var session = app.Session;
        var ends = await app.HoldAsync(path: "/end");
        var waiting = await app.WaitInLineAsync(ingress, "/run/waiting");

        app.Release();

        var answer = await waiting;
        Assert.Equal("200 waiting", answer.ToString());
        Assert.NotEqual(app.Cookie, answer.Cookie);
        Assert.Equal(HttpStatusCode.OK, (await ends).Status);
        Assert.Equal("200 next", (await app.Nodes[1].GetAsync("/run/next", answer.Cookie)).ToString());
        await Eventually.Async(() => session.Running == 0, "all have left the session");
        await app.NobodyIsThereAsync();
    }

    [Fact]
    public async Task SessionTooOld_WhileItWaits_DoesNotRun()
    {
        await using var app = await StartAsync(RedisLostBehavior.PreferAvailability);
        var held = await app.HoldAsync();
        var waiting = await app.WaitInLineAsync(1, "/run/waiting");

        app.Session.Close();
        app.Release();

        AssertUnavailable("owner-unknown", await waiting.WaitAsync(Patience, TestContext.Current.CancellationToken));
        Assert.Equal(HttpStatusCode.OK, (await held).Status);
        await AssertNothingIsLeftAsync(app);
    }

    private static async Task AssertNothingIsLeftAsync(TurnsApplication app)
    {
        await app.NobodyIsThereAsync();
        await Eventually.Async(() => app.Nodes[0].Held.All().All(session => session.Running == 0), "all have left the session");
        Assert.Equal("first hold", string.Join(' ', app.Ran));
    }

    private static void AssertUnavailable(string reason, Answer answer)
    {
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.Contains($"\"reason\":\"{reason}\"", answer.Body, StringComparison.Ordinal);
        Assert.Equal(1, answer.RetryAfter);
    }

    private async Task<TurnsApplication> StartAsync(RedisLostBehavior onRedisLost)
        => await TurnsApplication.StartAsync(
            await redis.ConfigurationAsync(),
            policy => (policy.OnRedisLost, policy.QueueTimeout) = (onRedisLost, TimeSpan.FromMinutes(5)),

            // The cluster does not know of the expiry that these tests make up, so there is no former tag to claim from.
            more: sticky => sticky.Services.Remove(sticky.Services.Single(service => service.ImplementationType == typeof(ReturnedNodeClaims))));
}
