using System.Net;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>What ends a session, ends that one: not what the same response begins, and for whoever shows its token.</summary>
public sealed class EndedTokenTests(GarnetServerFixture garnet)
{
    private const string Cookie = ApplicationWithTokens.Cookie;
    private static readonly Uri Site = new("http://site.test/");

    [Theory]
    [InlineData(StickyMethod.Rewrite)]
    [InlineData(StickyMethod.Learn)]
    public async Task Login_ThatEndsTheSessionAndGivesOutAnotherToken_GoesOnUnderThat(StickyMethod method)
    {
        await using var cluster = await MethodCluster.StartAsync(garnet, ByCookie(method));
        var browser = new CookieHolder();
        await cluster.VisitAsync("/cookie", browser, visits: 3);
        var before = browser.Value(Cookie);

        await cluster.GetAsync("/login", browser);

        Assert.NotNull(browser.Value(Cookie));
        Assert.NotEqual(before, browser.Value(Cookie));
        var seen = await cluster.VisitAsync("/cookie", browser, visits: 6);
        Assert.Equal(Enumerable.Range(1, 6), seen.Select(request => request.Count));
        Assert.Single(seen.Select(request => request.Owner).Distinct());
    }

    [Theory]
    [InlineData(StickyMethod.Rewrite)]
    [InlineData(StickyMethod.Learn)]
    public async Task Login_WithoutASessionBefore_GoesOnUnderItsToken(StickyMethod method)
    {
        await using var cluster = await MethodCluster.StartAsync(garnet, ByCookie(method));
        var browser = new CookieHolder();

        await cluster.GetAsync("/login", browser);

        Assert.NotNull(browser.Value(Cookie));
        Assert.Equal(Enumerable.Range(1, 6), (await cluster.VisitAsync("/cookie", browser, visits: 6)).Select(request => request.Count));
    }

    [Fact]
    public async Task EndedSession_ShownWithoutItsSuffix_IsNotServedAgain()
    {
        await using var cluster = await MethodCluster.StartAsync(garnet, ByCookie(StickyMethod.Rewrite));
        for (var user = 0; user < 6; user++)
        {
            var browser = new CookieHolder();
            await cluster.VisitAsync("/cookie", browser, visits: 1);
            var session = await cluster.GetAsync("/session", browser);
            var bare = new CookieHolder();
            bare.Cookies.Add(Site, new Cookie(Cookie, browser.Value(Cookie)!.Split('~')[0]));

            await cluster.GetAsync("/end", browser);

            for (var node = 0; node < 3; node++)
            {
                Assert.NotEqual(session, await cluster.GetAsync(node, "/session", bare));
            }
        }
    }

    [Fact]
    public async Task End_UnderHash_WhileItsRequestRunsOn_ConcernsNobodyElse()
    {
        await using var cluster = await MethodCluster.StartAsync(garnet, policy =>
        {
            policy.Method = StickyMethod.Hash;
            policy.Sources.Add(StickyTokenSourceOptions.Header("X-User"));
        });
        var user = new HeaderHolder("X-User", "jo");
        var owner = await cluster.GetAsync("/owner", user);

        var ending = cluster.GetAsync("/end-slowly", user);
        await Eventually.Async(async () => await cluster.GetAsync("/ending", user) == "yes", "the session has ended");

        var owners = await Task.WhenAll(Enumerable.Range(0, 9).Select(i => cluster.GetAsync(i % 3, "/owner", user)));
        Assert.All(owners, found => Assert.Equal(owner, found));
        await cluster.GetAsync("/end-now", user);
        await ending;
    }

    [Theory]
    [InlineData(TokenConflictBehavior.PreferFirst, HttpStatusCode.OK)]
    [InlineData(TokenConflictBehavior.Reject, HttpStatusCode.BadRequest)]
    public async Task Insert_WithDifferentTokensInTwoSources_KeepsToTheirOrder(TokenConflictBehavior behavior, HttpStatusCode expected)
    {
        await using var cluster = await MethodCluster.StartAsync(garnet, policy =>
        {
            policy.Sources.Add(StickyTokenSourceOptions.Header("X-First"));
            policy.Sources.Add(StickyTokenSourceOptions.Header("X-Second"));
            policy.OnConflict = behavior;
        });
        var older = new HeaderHolder("X-First");
        var session = await cluster.GetAsync("/session", older);
        var newer = new HeaderHolder("X-Second");
        await cluster.GetAsync("/session", newer);

        using var answer = await cluster.SendAsync(0, "/session", new BothHolders(older, newer));

        Assert.Equal(expected, answer.StatusCode);
        if (expected == HttpStatusCode.OK)
        {
            Assert.Equal(session, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task Rewrite_WithAnotherCookieTakenAway_GoesOn()
    {
        await using var cluster = await MethodCluster.StartAsync(garnet, policy =>
        {
            policy.Method = StickyMethod.Rewrite;
            policy.Sources.Add(StickyTokenSourceOptions.Cookie(Cookie));
            policy.Sources.Add(StickyTokenSourceOptions.Cookie("LEGACY"));
        });
        var browser = new CookieHolder();
        await cluster.VisitAsync("/cookie", browser, visits: 2);

        await cluster.GetAsync("/clear-legacy", browser);

        Assert.Equal(3, (await cluster.VisitAsync("/cookie", browser, visits: 1))[0].Count);
    }

    private static Action<StickyPolicyOptions> ByCookie(StickyMethod method) => policy =>
    {
        policy.Method = method;
        policy.Sources.Add(StickyTokenSourceOptions.Cookie(Cookie));
    };

    private sealed class BothHolders(ITokenHolder one, ITokenHolder other) : ITokenHolder
    {
        public void Prepare(HttpRequestMessage request)
        {
            one.Prepare(request);
            other.Prepare(request);
        }

        public void Learn(HttpResponseMessage response)
        {
        }
    }
}
