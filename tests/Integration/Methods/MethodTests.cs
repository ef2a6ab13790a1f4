using System.Net;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>The application's own tokens, by each method that knows them.</summary>
public sealed class MethodTests(GarnetServerFixture garnet)
{
    private const string Cookie = ApplicationWithTokens.Cookie;
    private const string Header = ApplicationWithTokens.Header;

    [Theory]
    [InlineData(StickyMethod.Rewrite)]
    [InlineData(StickyMethod.Learn)]
    public async Task CookieOfTheApplication_IsEnough(StickyMethod method)
    {
        await using var cluster = await MethodCluster.StartAsync(garnet, ByCookie(method));
        var browser = new CookieHolder();

        var seen = await cluster.VisitAsync("/cookie", browser, visits: 30);

        AssertOneSession(seen);
        Assert.All(seen.Skip(1), request => Assert.Matches($"^{Cookie}=[0-9a-f]{{32}}$", request.Cookies));
        Assert.Equal(method == StickyMethod.Rewrite, browser.Value(Cookie)!.Contains('~'));
        Assert.Equal(1, browser.Cookies.Count);
    }

    [Theory]
    [InlineData(StickyMethod.Rewrite)]
    [InlineData(StickyMethod.Learn)]
    public async Task HeaderOfTheApplication_IsEnough(StickyMethod method)
    {
        await using var cluster = await MethodCluster.StartAsync(garnet, policy => Use(policy, method, StickyTokenSourceOptions.Header(Header)));
        var client = new HeaderHolder(Header);

        var seen = await cluster.VisitAsync("/header", client, visits: 30);

        AssertOneSession(seen);
        Assert.All(seen.Skip(1), request => Assert.Matches("^[0-9a-f]{32}$", request.Header));
        Assert.Equal(method == StickyMethod.Rewrite, client.Value!.Contains('~'));
    }

    [Fact]
    public async Task Insert_InAHeader_IsEnough()
    {
        await using var cluster = await MethodCluster.StartAsync(garnet, policy => Use(policy, StickyMethod.Insert, StickyTokenSourceOptions.Header("X-Sticky")));
        var client = new HeaderHolder("X-Sticky");

        var owners = new HashSet<string>();
        for (var i = 0; i < 12; i++)
        {
            var answer = await cluster.GetAsync("/owner", client);
            owners.Add(answer);
        }

        Assert.Single(owners);
    }

    [Fact]
    public async Task Hash_OfAUser_IsEnough()
    {
        await using var cluster = await MethodCluster.StartAsync(garnet, ByUser());

        var owners = new HashSet<string>();
        foreach (var user in Enumerable.Range(0, 30))
        {
            var seen = await cluster.VisitAsync("/user", new HeaderHolder("X-User", $"user-{user}"), visits: 6);
            AssertOneSession(seen);
            owners.Add(seen[0].Owner);
        }

        Assert.Equal(3, owners.Count);
    }

    [Theory]
    [InlineData(StickyMethod.Hash, null)]
    [InlineData(StickyMethod.Hash, 1.0)]
    public async Task FirstRequests_AtTheSameMoment_MeetAtOneNode(StickyMethod method, double? loadFactor)
    {
        await using var cluster = await MethodCluster.StartAsync(garnet, policy =>
        {
            Use(policy, method, StickyTokenSourceOptions.Header("X-User"));
            policy.LoadFactor = loadFactor;
        });

        for (var user = 0; user < 20; user++)
        {
            var holder = new HeaderHolder("X-User", $"user-{user}");
            var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => cluster.GetAsync(i % 3, "/user", holder)));
            var seen = answers.Select(Seen.Parse).ToArray();
            Assert.Single(seen.Select(request => request.Owner).Distinct());
            Assert.Equal(Enumerable.Range(1, 12), seen.Select(request => request.Count).Order());
        }
    }

    [Theory]
    [InlineData(StickyMethod.Rewrite)]
    [InlineData(StickyMethod.Learn)]
    public async Task TokenFromBefore_ThatNobodyKnows_HasAHome(StickyMethod method)
    {
        await using var cluster = await MethodCluster.StartAsync(garnet, ByCookie(method));
        var owners = new List<string>();
        for (var i = 0; i < 9; i++)
        {
            owners.Add(await cluster.GetAsync("/owner", Browser("from-before-the-policy")));
        }

        Assert.Single(owners.Distinct());
    }

    [Theory]
    [InlineData(StickyMethod.Rewrite)]
    [InlineData(StickyMethod.Learn)]
    public async Task OwnerThatLeaves_ItsSessionsGoOnAtOneOther(StickyMethod method)
    {
        await using var cluster = await MethodCluster.StartAsync(garnet, ByCookie(method));
        var browser = new CookieHolder();
        var first = Seen.Parse(await cluster.GetAsync(2, "/cookie", browser));
        Assert.Equal("node-3", first.Owner);

        await cluster.Nodes[2].StopAsync();

        var after = new List<string>();
        for (var i = 0; i < 8; i++)
        {
            after.Add(await cluster.GetAsync(i % 2, "/owner", browser));
        }

        Assert.Single(after.Distinct());
        Assert.NotEqual("node-3", after[0]);
    }

    [Fact]
    public async Task NodeThatJoins_MovesNoHashedSession()
    {
        await using var cluster = await MethodCluster.StartAsync(garnet, ByUser(), nodes: 2);
        var users = Enumerable.Range(0, 40).Select(user => new HeaderHolder("X-User", $"user-{user}")).ToArray();
        var before = await OwnersAsync(cluster, users, nodes: 2);

        await cluster.Nodes.AddNodeAsync();

        Assert.Equal(before, await OwnersAsync(cluster, users, nodes: 3));
        var newcomers = Enumerable.Range(100, 40).Select(user => new HeaderHolder("X-User", $"user-{user}")).ToArray();
        Assert.Contains("node-3", await OwnersAsync(cluster, newcomers, nodes: 3));
    }

    [Theory]
    [InlineData(StickyMethod.Rewrite, "/logout")]
    [InlineData(StickyMethod.Rewrite, "/end")]
    [InlineData(StickyMethod.Learn, "/logout")]
    [InlineData(StickyMethod.Learn, "/end")]
    public async Task End_TakesTheTokenAway_AndTheSession(StickyMethod method, string how)
    {
        await using var cluster = await MethodCluster.StartAsync(garnet, ByCookie(method));
        var browser = new CookieHolder();
        await cluster.VisitAsync("/cookie", browser, visits: 4);
        var before = browser.Value(Cookie);

        await cluster.GetAsync(how, browser);

        Assert.Null(browser.Value(Cookie));
        Assert.Equal(1, (await cluster.VisitAsync("/cookie", browser, visits: 1))[0].Count);
        Assert.NotEqual(before, browser.Value(Cookie));
    }

    [Fact]
    public async Task Rewrite_OnAnEndpointThatIsNotSticky_HidesTheSuffixToo()
    {
        await using var cluster = await MethodCluster.StartAsync(garnet, ByCookie(StickyMethod.Rewrite));
        var browser = new CookieHolder();
        await cluster.VisitAsync("/cookie", browser, visits: 1);
        browser.Cookies.SetCookies(new Uri("http://site.test/"), "other=1~2");

        var seen = await cluster.GetAsync("/plain", browser);

        Assert.Contains("other=1~2", seen, StringComparison.Ordinal);
        Assert.Matches($"{Cookie}=[0-9a-f]{{32}}(;|$)", seen);
    }

    /// <summary>It is the application's token that counts; the suffix only says where.</summary>
    [Fact]
    public async Task Rewrite_WithoutAGenuineSuffix_FindsTheSessionByItsToken()
    {
        await using var cluster = await MethodCluster.StartAsync(garnet, ByCookie(StickyMethod.Rewrite));
        for (var user = 0; user < 6; user++)
        {
            var browser = new CookieHolder();
            await cluster.VisitAsync("/cookie", browser, visits: 1);
            var session = await SessionAsync(cluster, browser);
            var genuine = browser.Value(Cookie)!;
            var (value, suffix) = (genuine.Split('~')[0], genuine.Split('~')[1]);

            var forged = Browser($"{value}~{suffix[..^1]}{(suffix[^1] == 'A' ? 'B' : 'A')}");
            Assert.Contains($"{Cookie}={value}", await cluster.GetAsync("/plain", forged), StringComparison.Ordinal);
            Assert.DoesNotContain("~", await cluster.GetAsync("/plain", forged), StringComparison.Ordinal);
            foreach (var other in new[] { forged, Browser(value) })
            {
                Assert.All(
                    await Task.WhenAll(Enumerable.Range(0, 3).Select(node => cluster.GetAsync(node, "/session", other))), found => Assert.Equal(session, found));
            }

            Assert.NotEqual(session, await SessionAsync(cluster, Browser($"another~{suffix}")));
        }
    }

    [Theory]
    [InlineData(TokenConflictBehavior.PreferFirst, HttpStatusCode.OK)]
    [InlineData(TokenConflictBehavior.Reject, HttpStatusCode.BadRequest)]
    public async Task TwoDifferentTokens_AreAConflict(TokenConflictBehavior behavior, HttpStatusCode expected)
    {
        await using var cluster = await MethodCluster.StartAsync(garnet, policy =>
        {
            policy.Apply(StickyPreset.Java);
            policy.OnConflict = behavior;
        });
        var browser = new CookieHolder();
        browser.Cookies.Add(new Uri("http://site.test/"), new Cookie("JSESSIONID", "one"));

        using var different = await cluster.SendAsync(0, "/owner;jsessionid=two", browser);
        using var same = await cluster.SendAsync(0, "/owner;jsessionid=one.route7", browser);

        Assert.Equal(expected == HttpStatusCode.OK ? HttpStatusCode.NotFound : expected, different.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, same.StatusCode);
    }

    private static Action<StickyPolicyOptions> ByCookie(StickyMethod method) => policy => Use(policy, method, StickyTokenSourceOptions.Cookie(Cookie));

    private static Action<StickyPolicyOptions> ByUser() => policy => Use(policy, StickyMethod.Hash, StickyTokenSourceOptions.Header("X-User"));

    private static void Use(StickyPolicyOptions policy, StickyMethod method, StickyTokenSourceOptions source)
    {
        policy.Method = method;
        policy.Sources.Add(source);
    }

    private static CookieHolder Browser(string token)
    {
        var browser = new CookieHolder();
        browser.Cookies.Add(new Uri("http://site.test/"), new Cookie(Cookie, token));
        return browser;
    }

    private static async Task<string> SessionAsync(MethodCluster cluster, ITokenHolder holder) => await cluster.GetAsync("/session", holder);

    private static async Task<string[]> OwnersAsync(MethodCluster cluster, HeaderHolder[] users, int nodes)
    {
        var owners = new string[users.Length];
        for (var i = 0; i < users.Length; i++)
        {
            var seen = new List<string>();
            for (var node = 0; node < nodes; node++)
            {
                seen.Add(await cluster.GetAsync(node, "/owner", users[i]));
            }

            owners[i] = Assert.Single(seen.Distinct());
        }

        return owners;
    }

    private static void AssertOneSession(Seen[] seen)
    {
        Assert.Equal(Enumerable.Range(1, seen.Length), seen.Select(request => request.Count));
        Assert.Single(seen.Select(request => request.Owner).Distinct());
        Assert.Equal(3, seen.Select(request => request.Ingress).Distinct().Count());
    }
}
