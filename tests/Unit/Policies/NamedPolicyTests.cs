using Microsoft.Extensions.DependencyInjection;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Policies;

/// <summary>Which policies there are, and where their options come from.</summary>
public sealed class NamedPolicyTests
{
    [Fact]
    public void Policies_FromCodeAndConfiguration_AreAllThere()
    {
        using var policies = new TestPolicies(
            new() { ["Policies:shop:IdleTimeout"] = "01:00:00", ["Policies:CHAT:IdleTimeout"] = "02:00:00" },
            services => services.AddPolicy("chat", chat => chat.AbsoluteTimeout = TimeSpan.FromDays(1)));

        Assert.Equal(["default", "chat", "shop"], policies.Names.All);
        Assert.Equal(TimeSpan.FromHours(2), policies.Options("chat").IdleTimeout);
        Assert.Equal(TimeSpan.FromDays(1), policies.Options("chat").AbsoluteTimeout);
        Assert.Equal(TimeSpan.FromHours(1), policies.Resolver.Find("SHOP")!.IdleTimeout);
        Assert.Null(policies.Resolver.Find("other"));
    }

    [Fact]
    public void AddPolicy_CalledAgain_ConfiguresFurtherAndBeatsConfiguration()
    {
        using var policies = new TestPolicies(
            new() { ["Policies:chat:IdleTimeout"] = "02:00:00" },
            services => services
                .AddPolicy("chat", chat => chat.IdleTimeout = TimeSpan.FromHours(3))
                .AddPolicy("Chat", chat => chat.AbsoluteTimeout = TimeSpan.FromDays(1)));

        Assert.Equal(["default", "chat"], policies.Names.All);
        Assert.Equal(TimeSpan.FromHours(3), policies.Resolver.Find("chat")!.IdleTimeout);
        Assert.Equal(TimeSpan.FromDays(1), policies.Resolver.Find("chat")!.AbsoluteTimeout);
    }

    [Fact]
    public void Policy_Named_BeginsWithTheDefaultsAndACookieOfItsOwn()
    {
        using var policies = new TestPolicies(
            new() { ["Policy:IdleTimeout"] = "01:00:00", ["Policies:shop:Cookie:Name"] = "shop", ["Policies:chat:StickyByDefault"] = "true" });

        Assert.Equal(".StickySession", policies.Resolver.Default.CookieName);
        Assert.Equal("shop", policies.Resolver.Find("shop")!.CookieName);
        Assert.Equal(".StickySession.chat", policies.Resolver.Find("chat")!.CookieName);
        Assert.Equal(TimeSpan.FromMinutes(20), policies.Resolver.Find("chat")!.IdleTimeout);
    }

    [Fact]
    public void Sources_InConfiguration_BindWithTheirTransforms()
    {
        using var policies = new TestPolicies(new()
        {
            ["Policies:java:Method"] = "Learn",
            ["Policies:java:OnConflict"] = "Reject",
            ["Policies:java:Sources:0:Name"] = "JSESSIONID",
            ["Policies:java:Sources:1:Kind"] = "Header",
            ["Policies:java:Sources:1:Name"] = "Authorization",
            ["Policies:java:Sources:1:IPv6PrefixLength"] = "48",
            ["Policies:java:Sources:1:Transform:Pattern"] = "^Bearer (.*)$",
            ["Policies:java:Sources:1:Transform:Length"] = "9",
        });

        var options = policies.Options("java");

        Assert.Equal((StickyMethod.Learn, TokenConflictBehavior.Reject), (options.Method, options.OnConflict));
        Assert.Equal([(StickyTokenSourceKind.Cookie, "JSESSIONID"), (StickyTokenSourceKind.Header, "Authorization")],
            options.Sources.Select(source => (source.Kind, source.Name!)));
        Assert.Equal(("^Bearer (.*)$", (int?)9, 48),
            (options.Sources[1].Transform.Pattern, options.Sources[1].Transform.Length, options.Sources[1].IPv6PrefixLength));
        Assert.Empty(policies.Problems);
    }

    [Theory]
    [InlineData("Sources:1:Kind", "Cooky", "Policies:chat:Sources:1:Kind")]
    [InlineData("Sources:1:Transform:Length", "long", "Policies:chat:Sources:1:Transform:Length")]
    [InlineData("Sources:1:Custom:Any", "thing", "IStickyTokenSource")]
    [InlineData("Sources", "Cookie", "StickySessions:Policies:chat:Sources is \"Cookie\", but must be a list")]
    [InlineData("PathPrefixes", "/chat", "StickySessions:Policies:chat:PathPrefixes is \"/chat\", but must be a list")]
    [InlineData("Cookie:Name", "", "StickySessions:Policies:chat:Cookie:Name is \"\"")]
    public void Configuration_ThatCannotBeBound_IsAProblem(string key, string value, string words)
    {
        using var policies = new TestPolicies(new() { ["Policies:chat:Sources:0:Name"] = "a", [$"Policies:chat:{key}"] = value });

        Assert.Contains(words, Assert.Single(policies.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Sources_FromCodeToo_FollowThoseOfConfiguration()
    {
        using var policies = new TestPolicies(
            new() { ["Policies:chat:Method"] = "Learn", ["Policies:chat:Sources:0:Name"] = "one" },
            services => services.AddPolicy("chat", chat => chat.Sources.Add(new StickyTokenSourceOptions { Name = "two" })));

        Assert.Equal(["one", "two"], policies.Options("chat").Sources.Select(source => source.Name));
    }

    [Fact]
    public void Problems_OfSeveralPolicies_AreAllNamedWithTheirKeys()
    {
        using var policies = new TestPolicies(
            new() { ["Policies:Default:IdleTimeout"] = "01:00:00", ["Policies:chat:IdleTimeout"] = "00:00:00", ["Policies:shop:LoadFactor"] = "many" },
            services => services.AddPolicy("no name", _ => { }).AddPolicy(new string('a', 65), _ => { }).AddPolicy("", _ => { }));

        var problems = policies.Problems;

        Assert.Equal(6, problems.Count);
        Assert.Contains(problems, problem => problem.StartsWith("StickySessions:Policies:Default names the default policy: configure it with ConfigurePolicy", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.StartsWith("StickySessions:Policies:no name is no name of a policy: use 1 to 64", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.StartsWith("StickySessions:Policies:chat:IdleTimeout is 00:00:00", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.Contains("StickySessions:Policies:shop:LoadFactor", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/chat", "/Chat")]
    [InlineData("/chat", "/chat")]
    public void Problems_PrefixOfTwoPolicies_NamesBoth(string one, string other)
    {
        using var policies = new TestPolicies(new()
        {
            ["Policies:chat:PathPrefixes:0"] = one,
            ["Policies:shop:PathPrefixes:0"] = "/shop",
            ["Policies:shop:PathPrefixes:1"] = other,
        });

        Assert.Equal("StickySessions:Policies:chat:PathPrefixes and StickySessions:Policies:shop:PathPrefixes have \"/chat\": leave it to one policy.",
            Assert.Single(policies.Problems));
    }

    [Theory]
    [InlineData("/", "/", true)]
    [InlineData("/shop", "/shop/cart", true)]
    [InlineData("/shop/", "/shop", true)]
    [InlineData(null, "/shop", true)]
    [InlineData("/shop", "/shopping", false)]
    [InlineData("/shop", "/chat", false)]
    public void Problems_CookieOfTwoPolicies_OnlyWhereTheirPathsOverlap(string? one, string other, bool overlap)
    {
        using var policies = new TestPolicies(code: services => services
            .AddPolicy("one", policy => (policy.Cookie.Name, policy.Cookie.Path) = ("shared", one))
            .AddPolicy("other", policy => (policy.Cookie.Name, policy.Cookie.Path) = ("shared", other)));

        Assert.Equal(overlap, policies.Problems is [var problem]
            && problem.Contains("StickySessions:Policies:other:Cookie:Name is \"shared\"", StringComparison.Ordinal)
            && problem.Contains("policies \"one\" and \"other\"", StringComparison.Ordinal));
        Assert.Equal(overlap ? 1 : 0, policies.Problems.Count);
    }

    [Theory]
    [InlineData(StickyMethod.Rewrite, StickyMethod.Rewrite, 1)]
    [InlineData(StickyMethod.Insert, StickyMethod.Learn, 1)]
    [InlineData(StickyMethod.Hash, StickyMethod.Rewrite, 1)]
    [InlineData(StickyMethod.Hash, StickyMethod.Learn, 0)]
    public void Problems_CookieThatTwoPoliciesRead_OnlyIfOneOfThemWritesIt(StickyMethod one, StickyMethod other, int problems)
    {
        using var policies = new TestPolicies(code: services => services
            .AddPolicy("one", policy => Use(policy, one))
            .AddPolicy("other", policy => Use(policy, other)));

        Assert.Equal(problems, policies.Problems.Count);
    }

    private static void Use(StickyPolicyOptions policy, StickyMethod method)
    {
        policy.Method = method;
        policy.Sources.Add(new StickyTokenSourceOptions { Name = "JSESSIONID" });
    }
}
