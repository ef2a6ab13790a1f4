using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Placement;

/// <summary>Several first requests of one client at once, when nothing tells yet that they are of one client.</summary>
public sealed class FirstRequestsTests(GarnetServerFixture redis)
{
    private const int Parallel = 12;

    [Theory]
    [InlineData(PlacementStrategy.Here)]
    [InlineData(PlacementStrategy.PowerOfTwoChoices)]
    public async Task ParallelFirstRequests_OfOneClient_AllSucceedAndEndInOneSession(PlacementStrategy placement)
    {
        await using var cluster = new PlacementCluster(await redis.ConfigurationAsync())
        {
            Configure = sticky => sticky.ConfigurePolicy(policy => policy.Placement = placement),
            Map = app => app.MapGet("/session", (HttpContext context)
                => context.Features.Get<IStickySessionFeature>()!.SessionId),
        };
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        var jar = new CookieContainer();
        using var browser = new HttpClient(new SocketsHttpHandler { CookieContainer = jar });

        // 1. None has a cookie yet: each starts a session of its own, and none fails.
        var answers = await Task.WhenAll(Enumerable.Range(0, Parallel).Select(async i =>
        {
            using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false });
            using var answer = await client.GetAsync(new Uri(nodes[i % 3].Address, "/session"), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

            // As a browser does: one jar, and what arrives last stays. Cookies know no ports.
            lock (jar)
            {
                jar.SetCookies(nodes[0].Address, answer.Headers.GetValues("Set-Cookie").Single());
            }

            return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        }));
        Assert.Equal(Parallel, answers.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(Parallel, nodes.Sum(node => node.Held.Count));

        // 2. From now on it has one of these sessions, at whichever node it enters.
        var later = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 9; i++)
        {
            later.Add(await browser.GetStringAsync(new Uri(nodes[i % 3].Address, "/session"), TestContext.Current.CancellationToken));
        }

        Assert.Contains(Assert.Single(later), answers);
        Assert.Equal(Parallel, nodes.Sum(node => node.Held.Count));

        // 3. The others wait for a second request that never comes.
        Assert.Equal(Parallel - 1, nodes.SelectMany(node => node.Held.All()).Count(session => session.IsOnFirstRequest));
    }

    [Fact]
    public async Task OneRequestFirst_ThenParallelOnes_IsOneSession()
    {
        await using var cluster = new PlacementCluster(await redis.ConfigurationAsync());
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        var cookie = (await nodes[0].GetAsync()).Cookie;

        var answers = await Task.WhenAll(Enumerable.Range(0, Parallel).Select(i => nodes[i % 3].GetAsync(cookie: cookie)));

        Assert.All(answers, answer => Assert.Equal("200 web-1", answer.ToString()));
        Assert.Equal(1, nodes.Sum(node => node.Held.Count));
    }
}
