using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Startup;

namespace StickySessions.Tests.Integration.NamedPolicies;

/// <summary>An application with several policies: which one a request falls under shows in the cookie that its answer sets.</summary>
public sealed class PolicyOfARequestTests
{
    private static readonly TestAppSetup Setup = new()
    {
        Sticky = new() { ["Policies:shop:PathPrefixes:0"] = "/shop" },
        AfterAdd = builder => builder.Services.AddStickySessions().AddPolicy("chat", chat => chat.IdleTimeout = TimeSpan.FromMinutes(5)),
        Map = app =>
        {
            var chat = app.MapGroup("/chat").RequireStickySession("chat");
            chat.MapGet("/room", SessionOf);
            chat.MapGet("/checkout", SessionOf).RequireStickySession("shop");
            chat.MapGet("/about", SessionOf).DisableStickySession();
            app.MapGet("/talk", [RequireStickySession("chat")] (HttpContext context) => SessionOf(context));
            app.MapGet("/shop/{**path}", SessionOf);
            app.MapGet("/shop/chat", SessionOf).RequireStickySession("chat");
            app.MapGet("/shopping", SessionOf);
        },
    };

    [Theory]
    [InlineData("/chat/room", ".StickySession.chat")]
    [InlineData("/chat/checkout", ".StickySession.shop")]
    [InlineData("/chat/about", null)]
    [InlineData("/talk", ".StickySession.chat")]
    [InlineData("/shop/cart", ".StickySession.shop")]
    [InlineData("/shop/chat", ".StickySession.chat")]
    [InlineData("/shopping", ".StickySession")]
    [InlineData("/session", ".StickySession")]
    public async Task Request_FallsUnderThePolicyOfEndpointElsePath(string path, string? cookie)
    {
        await using var app = await TestApp.StartAsync(Setup);

        var answer = await app.GetAsync(path);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(cookie, answer.SetCookie?.Split('=')[0]);
    }

    [Fact]
    public async Task Sessions_OfTwoPolicies_LiveSideBySideInOneBrowser()
    {
        await using var app = await TestApp.StartAsync(Setup);
        var chat = await app.GetAsync("/chat/room");
        var shop = await app.GetAsync("/shop/cart");
        var cookies = $"{Pair(chat)}; {Pair(shop)}";

        Assert.Equal(chat.Body, (await app.GetAsync("/talk", cookies)).Body);
        Assert.Equal(shop.Body, (await app.GetAsync("/chat/checkout", cookies)).Body);
        Assert.NotEqual(chat.Body, shop.Body);

        // The token of one policy under the cookie of another is a stranger's.
        var stolen = await app.GetAsync("/shop/cart", Pair(chat).Replace(".chat=", ".shop=", StringComparison.Ordinal));
        Assert.NotEqual(chat.Body, stolen.Body);
    }

    [Fact]
    public async Task Configuration_ThatChanges_MovesAPathToAnotherPolicy()
    {
        await using var app = await TestApp.StartAsync(Setup);
        Assert.Equal(".StickySession", CookieOf(await app.GetAsync("/shopping")));

        var configuration = (IConfigurationRoot)app.App.Configuration;
        configuration["StickySessions:Policies:shop:PathPrefixes:1"] = "/shopping";
        configuration.Reload();

        Assert.Equal(".StickySession.shop", CookieOf(await app.GetAsync("/shopping")));
    }

    [Fact]
    public async Task Endpoints_WithUnknownPolicies_StopTheStartAndAreAllNamed()
    {
        var failure = await TestApp.FailToStartAsync(Setup with
        {
            Map = app =>
            {
                app.MapGet("/one", SessionOf).RequireStickySession("chta").WithDisplayName("one");
                app.MapGroup("/two").RequireStickySession("chat").MapGet("/", SessionOf).RequireStickySession("shpo").WithDisplayName("two");
                app.MapGet("/three", SessionOf).RequireStickySession("tchat").RequireStickySession("chat");
            },
        });

        Assert.Contains("The endpoint \"one\" requires the policy \"chta\"", failure.Message, StringComparison.Ordinal);
        Assert.Contains("The endpoint \"two\" requires the policy \"shpo\"", failure.Message, StringComparison.Ordinal);
        Assert.Contains("choose one of default, chat, shop", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("tchat", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Endpoint_AddedLaterWithAnUnknownPolicy_FailsWithBothNames()
    {
        var endpoints = new LaterEndpoints();
        await using var app = await TestApp.StartAsync(Setup with { Map = app => ((IEndpointRouteBuilder)app).DataSources.Add(endpoints) });

        endpoints.Add("/late", new RequireStickySessionAttribute("chta"));

        Assert.Equal(HttpStatusCode.InternalServerError, (await app.GetAsync("/late")).Status);
        Assert.Contains("The endpoint \"/late\" requires the policy \"chta\"", app.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Policies_SeveralWrong_AreAllInOneFailure()
    {
        var failure = await TestApp.FailToStartAsync(Setup with
        {
            Sticky = new()
            {
                ["Policy:Method"] = "Hash",
                ["Policies:shop:PathPrefixes:0"] = "shop",
                ["Policies:cart:Method"] = "Rewrite",
                ["Policies:cart:Sources:0:Kind"] = "Claim",
                ["Policies:default:IdleTimeout"] = "00:05:00",
                ["Policies:one:Cookie:Name"] = "same",
                ["Policies:two:Cookie:Name"] = "same",
                ["Policies:talk:Sources:0:Kind"] = "Cooky",
                ["Node:Name"] = "web 1",
            },
        });

        string[] expected =
        [
            "StickySessions:Policy:Sources is empty", "StickySessions:Policies:shop:PathPrefixes:0 is \"shop\"", "StickySessions:Policies:cart:Sources:0:Kind is Claim",
            "StickySessions:Policies:default names the default policy", "StickySessions:Policies:two:Cookie:Name is \"same\"",
            "StickySessions:Policies:talk:Sources:0:Kind", "StickySessions:Node:Name",
        ];
        Assert.All(expected, words => Assert.Contains(words, failure.Message, StringComparison.Ordinal));
    }

    private static string SessionOf(HttpContext context) => context.Features.Get<IStickySessionFeature>()?.SessionId ?? "none";

    private static string Pair(Answer answer) => answer.SetCookie!.Split(';')[0];

    private static string CookieOf(Answer answer) => answer.SetCookie!.Split('=')[0];

    private sealed class LaterEndpoints : EndpointDataSource
    {
        private ConfigurationReloadToken _change = new();
        private volatile IReadOnlyList<Endpoint> _endpoints = [];

        public override IReadOnlyList<Endpoint> Endpoints => _endpoints;

        public override IChangeToken GetChangeToken() => _change;

        public void Add(string path, object metadata)
        {
            var endpoint = new RouteEndpointBuilder(context => context.Response.WriteAsync("ok"), RoutePatternFactory.Parse(path), 0) { DisplayName = path };
            endpoint.Metadata.Add(metadata);
            _endpoints = [.. _endpoints, endpoint.Build()];
            Interlocked.Exchange(ref _change, new ConfigurationReloadToken()).OnReload();
        }
    }
}
