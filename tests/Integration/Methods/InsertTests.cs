using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>This library's own token wherever clients can keep one.</summary>
public sealed class InsertTests(GarnetServerFixture garnet)
{
    private const string Cookie = ".StickySession";

    [Fact]
    public async Task Query_InARedirectThatStays_BindsTheClient()
    {
        await using var cluster = await StartAsync(policy => policy.Sources.Add(StickyTokenSourceOptions.Query("sticky")));
        var begun = await cluster.GetAsync(0, "/redirect?to=/who?x=1");
        var location = begun.Header("Location");

        Assert.StartsWith("/who?x=1&sticky=", location, StringComparison.Ordinal);
        Assert.Empty(begun.SetCookies);
        for (var node = 0; node < 3; node++)
        {
            Assert.Equal((begun.Owner, begun.Session), Who(await cluster.GetAsync(node, location)));
        }
    }

    [Fact]
    public async Task Query_InARedirectToAnotherSite_IsNotGivenAway()
    {
        await using var cluster = await StartAsync(policy => policy.Sources.Add(StickyTokenSourceOptions.Query("sticky")));

        foreach (var elsewhere in new[] { "//evil.test/", "https://evil.test/", "/%5Cevil.test/" })
        {
            Assert.DoesNotContain("sticky=", (await cluster.GetAsync(0, $"/redirect?to={elsewhere}")).Header("Location"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task CrossSiteTwin_OverHttps_EitherCookieSuffices_AndBothAreDeleted()
    {
        using var certificate = TestCertificate.Create("shop.test");
        await using var cluster = await StartAsync(policy => policy.CrossSiteTwin = true, options => options with { PublicCertificate = certificate });
        var begun = await Https(cluster, 0, "/who");

        var plain = Assert.Single(begun.SetCookies, cookie => cookie.StartsWith($"{Cookie}=", StringComparison.Ordinal));
        var twin = Assert.Single(begun.SetCookies, cookie => cookie.StartsWith($"{Cookie}.CORS=", StringComparison.Ordinal));
        Assert.Contains("samesite=lax", plain, StringComparison.Ordinal);
        Assert.Contains("secure; samesite=none", twin, StringComparison.Ordinal);
        foreach (var kept in new[] { plain, twin })
        {
            for (var node = 0; node < 3; node++)
            {
                Assert.Equal(Who(begun), Who(await Https(cluster, node, "/who", ("Cookie", kept.Split(';')[0]))));
            }
        }

        var ended = await Https(cluster, 1, "/end", ("Cookie", begun.Cookies));
        Assert.Equal([$"{Cookie}=", $"{Cookie}.CORS="], ended.SetCookies.Select(cookie => cookie.Split(';')[0]));
        Assert.All(ended.SetCookies, cookie => Assert.Contains("max-age=0", cookie, StringComparison.Ordinal));
        Assert.NotEqual(begun.Session, (await Https(cluster, 1, "/who", ("Cookie", twin.Split(';')[0]))).Session);
    }

    [Fact]
    public async Task CrossSiteTwin_WithoutHttps_IsOneCookie()
    {
        await using var cluster = await StartAsync(policy => policy.CrossSiteTwin = true);

        Assert.Single((await cluster.GetAsync(0, "/who")).SetCookies);
    }

    [Fact]
    public async Task PostOnly_BeginsWithTheFirstRequestThatMayChangeSomething()
    {
        await using var cluster = await StartAsync(policy => policy.PostOnly = true);
        for (var node = 0; node < 3; node++)
        {
            var looked = await cluster.GetAsync(node, "/who");
            Assert.Empty(looked.SetCookies);
            Assert.Equal($"node-{node + 1}", looked.Owner);
            await UntilHeldAsync(cluster, node, 0);
        }

        var begun = await cluster.PostAsync(1, "/who");
        for (var node = 0; node < 3; node++)
        {
            Assert.Equal(Who(begun), Who(await cluster.GetAsync(node, "/who", ("Cookie", begun.Cookies))));
        }
    }

    [Fact]
    public async Task Preflight_BeginsNoSession()
    {
        await using var cluster = await StartAsync(_ => { });
        var who = new Uri(cluster.Nodes[0].Http, "/who");

        var preflight = await cluster.SendAsync(HttpMethod.Options, who, ("Origin", "https://other.test"), ("Access-Control-Request-Method", "POST"));
        Assert.Empty(preflight.SetCookies);
        Assert.DoesNotContain("X-Session", preflight.Headers.Keys);
        await UntilHeldAsync(cluster, 0, 0);

        Assert.Single((await cluster.SendAsync(HttpMethod.Options, who)).SetCookies);
    }

    [Theory]
    [InlineData("/sign-out", true)]
    [InlineData("/sign-in-again", false)]
    [InlineData("/who", false)]
    public async Task EndWithCookies_SessionEndsWithTheSignIn(string path, bool ends)
    {
        await using var cluster = await StartAsync(policy => policy.EndWithCookies.Add("auth"));
        var begun = await cluster.GetAsync(0, "/who");

        var answer = await cluster.GetAsync(1, path, ("Cookie", $"{begun.Cookies}; auth=1"));

        Assert.Equal(begun.Session, answer.Session);
        Assert.Equal(ends, answer.SetCookies.Any(cookie => cookie.StartsWith($"{Cookie}=;", StringComparison.Ordinal)));
        for (var node = 0; node < 3; node++)
        {
            Assert.Equal(ends, begun.Session != (await cluster.GetAsync(node, "/who", ("Cookie", begun.Cookies))).Session);
        }
    }

    [Fact]
    public async Task SignalRWithoutCookies_IsToldItsAddressByNegotiate()
    {
        await using var cluster = await StartAsync(
            policy => policy.Apply(StickyPreset.SignalRWithoutCookies),
            options => options with { ConfigureBuilder = builder => builder.Services.AddSignalR() });

        var told = await cluster.PostAsync(0, "/chat/negotiate?negotiateVersion=1&room=a");
        var url = new Uri(JsonDocument.Parse(told.Body).RootElement.GetProperty("url").GetString()!);

        Assert.Equal(new Uri(cluster.Nodes[0].Http, "/chat").AbsolutePath, url.AbsolutePath);
        Assert.StartsWith("?negotiateVersion=1&room=a&sticky=", url.Query, StringComparison.Ordinal);
        Assert.Contains("no-store", told.Header("Cache-Control"), StringComparison.Ordinal);
        Assert.Empty(told.SetCookies);
        for (var node = 0; node < 3; node++)
        {
            // As the clients do: the path that was told, /negotiate behind it, the query as it is.
            var negotiated = await cluster.PostAsync(node, $"{url.AbsolutePath}/negotiate{url.Query}");
            Assert.Equal(Who(told), Who(negotiated));
            Assert.NotNull(JsonDocument.Parse(negotiated.Body).RootElement.GetProperty("connectionToken").GetString());
        }
    }

    private Task<ProbedCluster> StartAsync(Action<StickyPolicyOptions> policy, Func<StickyTestClusterOptions, StickyTestClusterOptions>? with = null)
        => ProbedCluster.StartAsync(garnet, policy, Map, with);

    private static void Map(WebApplication app)
    {
        app.MapMethods("/who", ["GET", "POST", "OPTIONS"], () => "you");
        app.MapGet("/redirect", (string to) => Results.Redirect(to));
        app.MapGet("/end", (HttpContext context) => context.Features.Get<IStickySessionFeature>()!.End());
        app.MapGet("/sign-out", (HttpContext context) => context.Response.Cookies.Delete("auth"));
        app.MapGet("/sign-in-again", (HttpContext context) =>
        {
            context.Response.Cookies.Delete("auth");
            context.Response.Cookies.Append("auth", "2");
        });
        if (app.Services.GetService<IHubContext<Chat>>() is not null)
        {
            app.MapHub<Chat>("/chat");
        }
    }

    private static (string Owner, string Session) Who(Reply reply) => (reply.Owner, reply.Session);

    private static Task<Reply> Https(ProbedCluster cluster, int node, string path, params (string, string)[] headers)
        => cluster.SendAsync(HttpMethod.Get, new Uri(cluster.Nodes[node].Https, path), headers);

    /// <summary>A session that nothing names is forgotten when its request is over, which is after the client has its answer.</summary>
    private static Task UntilHeldAsync(ProbedCluster cluster, int node, int sessions)
        => Eventually.Async(() => cluster.Nodes[node].Services.GetRequiredService<HeldSessions>().Count == sessions, $"{sessions} sessions are held");

    private sealed class Chat : Hub;
}
