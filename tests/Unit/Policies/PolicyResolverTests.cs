using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Policies;

namespace StickySessions.Tests.Unit.Policies;

public sealed class PolicyResolverTests : IDisposable
{
    private static readonly RequireStickySessionAttribute Require = new();
    private static readonly DisableStickySessionAttribute Disable = new();

    private readonly TestPolicies _policies = new();

    private PolicyResolver Resolver => _policies.Resolver;

    public void Dispose() => _policies.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Resolve_EndpointThatSaysNothing_FollowsThePolicy(bool stickyByDefault)
    {
        SetStickyByDefault(stickyByDefault);

        Assert.Equal(stickyByDefault, IsSticky([]));
        Assert.Equal(stickyByDefault, Resolver.Resolve(new DefaultHttpContext()) is not null);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Resolve_EndpointWithMetadata_FollowsWhatWasAddedLast(bool stickyByDefault)
    {
        SetStickyByDefault(stickyByDefault);

        Assert.True(IsSticky([Require]));
        Assert.False(IsSticky([Disable]));
        Assert.True(IsSticky([Disable, Require]));
        Assert.False(IsSticky([Require, Disable, "something else"]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void IsOneAtATime_Endpoint_IsAsItSaysItselfElseAsThePolicySays(bool byPolicy)
    {
        using var policies = new TestPolicies(new() { ["Policy:OneAtATime"] = byPolicy.ToString() });

        Assert.Equal(byPolicy, IsOneAtATime(policies));
        Assert.True(IsOneAtATime(policies, new SerializeStickySessionAttribute()));
        Assert.False(IsOneAtATime(policies, new SerializeStickySessionAttribute(), new SerializeStickySessionAttribute(false)));
        Assert.Equal(byPolicy, IsOneAtATime(policies));
    }

    [Fact]
    public void IsOneAtATime_ForwardedToAnEndpointThatThisNodeHasNotSeen_IsAsItSays()
    {
        var context = ContextOf(new SerializeStickySessionAttribute());

        var policy = Resolver.ResolveForwarded(context, StickyPolicy.DefaultName);

        Assert.True(Resolver.IsOneAtATime(context, policy!));
    }

    private static bool IsOneAtATime(TestPolicies policies, params object[] metadata)
    {
        var context = ContextOf(metadata);
        return policies.Resolver.IsOneAtATime(context, policies.Resolver.Resolve(context)!);
    }

    private static DefaultHttpContext ContextOf(params object[] metadata)
    {
        var context = new DefaultHttpContext();
        context.SetEndpoint(new Endpoint(null, new EndpointMetadataCollection(metadata), "an endpoint"));
        return context;
    }

    [Fact]
    public async Task Resolve_HealthChecks_AreNeverSticky()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddHealthChecks();
        await using var app = builder.Build();
        app.MapGroup("/sticky").RequireStickySession().MapHealthChecks("/healthz");

        Assert.Null(Resolve(Assert.Single(EndpointsOf(app))));
    }

    [Fact]
    public async Task Resolve_StaticAssets_AreNeverSticky()
    {
        var manifest = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.staticwebassets.endpoints.json");
        await File.WriteAllTextAsync(
            manifest,
            """
            {"Version":1,"ManifestType":"Publish","Endpoints":[{"Route":"site.css","AssetFile":"site.css","Selectors":[],"EndpointProperties":[],
            "ResponseHeaders":[{"Name":"Content-Length","Value":"1"},{"Name":"Content-Type","Value":"text/css"},{"Name":"ETag","Value":"\"a\""},
            {"Name":"Last-Modified","Value":"Thu, 01 Jan 2026 12:00:00 GMT"}]}]}
            """,
            TestContext.Current.CancellationToken);
        try
        {
            var builder = WebApplication.CreateSlimBuilder();
            await using var app = builder.Build();
            app.MapGroup("/sticky").RequireStickySession().MapStaticAssets(manifest);

            Assert.Null(Resolve(Assert.Single(EndpointsOf(app))));
        }
        finally
        {
            File.Delete(manifest);
        }
    }

    [Fact]
    public void Resolve_MetadataThatNamesAPolicy_BeatsPathPrefixAndDefault()
    {
        using var policies = new TestPolicies(new() { ["Policies:chat:PathPrefixes:0"] = "/chat", ["Policies:shop:IdleTimeout"] = "01:00:00" });

        Assert.Equal("shop", policies.Resolve("/chat", new RequireStickySessionAttribute("shop"))!.Name);
        Assert.Equal("shop", policies.Resolve("/chat", new RequireStickySessionAttribute("Shop"))!.Name);
        Assert.Equal("default", policies.Resolve("/chat", Require)!.Name);
        Assert.Equal("default", policies.Resolve("/chat", new RequireStickySessionAttribute("default"))!.Name);
        Assert.Null(policies.Resolve("/chat", Disable));
        Assert.Equal("chat", policies.Resolve("/chat")!.Name);
        Assert.Equal("default", policies.Resolve("/")!.Name);
    }

    [Fact]
    public void Resolve_TwoPoliciesOnOneEndpoint_TakesTheLast()
    {
        using var policies = new TestPolicies(new() { ["Policies:chat:IdleTimeout"] = "01:00:00", ["Policies:shop:IdleTimeout"] = "01:00:00" });

        Assert.Equal("shop", policies.Resolve("/", new RequireStickySessionAttribute("chat"), new RequireStickySessionAttribute("shop"))!.Name);
        Assert.Equal("default", policies.Resolve("/", new RequireStickySessionAttribute("chat"), Require)!.Name);
        Assert.Equal("chat", policies.Resolve("/", Disable, new RequireStickySessionAttribute("chat"))!.Name);
    }

    [Theory]
    [InlineData("/chat", "chat")]
    [InlineData("/Chat/room", "chat")]
    [InlineData("/chat/", "chat")]
    [InlineData("/chatter", "default")]
    [InlineData("/chat/admin", "admin")]
    [InlineData("/chat/admin/users", "admin")]
    [InlineData("/chat/administrator", "chat")]
    [InlineData("/talk", "chat")]
    [InlineData("/old/chat", "default")]
    [InlineData("", "default")]
    public void Resolve_Path_TakesTheLongestPrefixOfWholeSegments(string path, string expected)
    {
        using var policies = new TestPolicies(new()
        {
            ["Policies:chat:PathPrefixes:0"] = "/chat",
            ["Policies:chat:PathPrefixes:1"] = "/talk",
            ["Policies:admin:PathPrefixes:0"] = "/chat/admin",
        });

        Assert.Equal(expected, policies.Resolve(path)!.Name);
    }

    [Fact]
    public void Resolve_PathOfAPolicyThatIsNotStickyByDefault_IsStickyOnlyWhereRequired()
    {
        using var policies = new TestPolicies(new() { ["Policies:chat:PathPrefixes:0"] = "/chat", ["Policies:chat:StickyByDefault"] = "false" });

        Assert.Null(policies.Resolve("/chat"));
        Assert.Equal("chat", policies.Resolve("/chat", new RequireStickySessionAttribute("chat"))!.Name);
    }

    [Fact]
    public void Resolve_UnknownPolicy_NamesPolicyAndEndpointEachTime()
    {
        for (var i = 0; i < 2; i++)
        {
            var failure = Assert.Throws<InvalidOperationException>(() => _policies.Resolve("/", new RequireStickySessionAttribute("chta")));

            Assert.Contains("\"an endpoint\" requires the policy \"chta\"", failure.Message, StringComparison.Ordinal);
            Assert.Contains("StickySessions:Policies:chta", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Resolve_KnownEndpointAfterAReload_GivesTheNewPolicy()
    {
        using var policies = new TestPolicies(new() { ["Policies:chat:IdleTimeout"] = "00:05:00" });
        var context = new DefaultHttpContext();
        context.SetEndpoint(new Endpoint(null, new EndpointMetadataCollection(new RequireStickySessionAttribute("chat")), "an endpoint"));
        Assert.Equal(TimeSpan.FromMinutes(5), policies.Resolver.Resolve(context)!.IdleTimeout);

        policies.Reload(("Policies:chat:IdleTimeout", "00:06:00"));

        Assert.Equal(TimeSpan.FromMinutes(6), policies.Resolver.Resolve(context)!.IdleTimeout);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Resolve_OfAKnownEndpointOrPath_AllocatesNothing(bool hasMetadata)
    {
        using var policies = new TestPolicies(new() { ["Policies:chat:PathPrefixes:0"] = "/chat", ["Policies:shop:PathPrefixes:0"] = "/shopping" });
        var resolver = policies.Resolver;
        var context = new DefaultHttpContext();
        context.Request.Path = "/chat/room";
        object[] metadata = hasMetadata ? [new RequireStickySessionAttribute("chat")] : [];
        context.SetEndpoint(new Endpoint(null, new EndpointMetadataCollection(metadata), "an endpoint"));
        Assert.Equal("chat", resolver.Resolve(context)!.Name);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            resolver.Resolve(context);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void LongestIdleTimeout_IsThatOfAnyPolicyEver()
    {
        using var policies = new TestPolicies(new() { ["Policies:chat:IdleTimeout"] = "03:00:00" });
        Assert.Equal(TimeSpan.FromHours(3), policies.Resolver.LongestIdleTimeout);

        policies.Reload(("Policies:chat:IdleTimeout", "00:05:00"), ("Policy:IdleTimeout", "02:00:00"));
        Assert.Equal(TimeSpan.FromHours(3), policies.Resolver.LongestIdleTimeout);

        policies.Reload(("Policy:IdleTimeout", "04:00:00"));
        Assert.Equal(TimeSpan.FromHours(4), policies.Resolver.LongestIdleTimeout);
    }

    private static IReadOnlyList<Endpoint> EndpointsOf(IEndpointRouteBuilder app)
        => [.. app.DataSources.SelectMany(source => source.Endpoints)];

    private bool IsSticky(object[] metadata)
        => Resolve(new Endpoint(null, new EndpointMetadataCollection(metadata), "an endpoint")) is not null;

    private StickyPolicy? Resolve(Endpoint endpoint)
    {
        var context = new DefaultHttpContext();
        context.SetEndpoint(endpoint);
        return Resolver.Resolve(context);
    }

    private void SetStickyByDefault(bool value) => _policies.Reload(("Policy:StickyByDefault", value.ToString()));
}
