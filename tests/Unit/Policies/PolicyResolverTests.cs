using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Policies;

namespace StickySessions.Tests.Unit.Policies;

public sealed class PolicyResolverTests : IDisposable
{
    private static readonly RequireStickySessionAttribute Require = new();
    private static readonly DisableStickySessionAttribute Disable = new();

    private readonly IConfigurationRoot _configuration = new ConfigurationBuilder().AddInMemoryCollection().Build();
    private readonly ServiceProvider _services;
    private readonly PolicyResolver _resolver;

    public PolicyResolverTests()
    {
        var services = new ServiceCollection().AddPolicies();
        services.AddOptions<StickyPolicyOptions>().Bind(_configuration);
        _services = services.BuildServiceProvider();
        _resolver = _services.GetRequiredService<PolicyResolver>();
    }

    public void Dispose() => _services.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Resolve_EndpointThatSaysNothing_FollowsThePolicy(bool stickyByDefault)
    {
        SetStickyByDefault(stickyByDefault);

        Assert.Equal(stickyByDefault, IsSticky([]));
        Assert.Equal(stickyByDefault, _resolver.Resolve(new DefaultHttpContext()) is not null);
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
    public void Resolve_AfterAReload_GivesTheNewPolicyAndNeverAnInvalidOne()
    {
        Reload("IdleTimeout", "00:05:00");
        var changed = _resolver.Resolve(new DefaultHttpContext());
        Assert.Equal(TimeSpan.FromMinutes(5), changed!.IdleTimeout);

        Assert.ThrowsAny<Exception>(() => Reload("IdleTimeout", "00:00:00"));
        Assert.Same(changed, _resolver.Resolve(new DefaultHttpContext()));
    }

    [Fact]
    public void Resolve_OfAKnownEndpoint_AllocatesNothing()
    {
        var context = new DefaultHttpContext();
        context.SetEndpoint(new Endpoint(null, new EndpointMetadataCollection(Require), "an endpoint"));
        _resolver.Resolve(context);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            _resolver.Resolve(context);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static IReadOnlyList<Endpoint> EndpointsOf(IEndpointRouteBuilder app)
        => [.. app.DataSources.SelectMany(source => source.Endpoints)];

    private bool IsSticky(object[] metadata)
        => Resolve(new Endpoint(null, new EndpointMetadataCollection(metadata), "an endpoint")) is not null;

    private StickyPolicy? Resolve(Endpoint endpoint)
    {
        var context = new DefaultHttpContext();
        context.SetEndpoint(endpoint);
        return _resolver.Resolve(context);
    }

    private void SetStickyByDefault(bool value) => Reload("StickyByDefault", value.ToString());

    private void Reload(string key, string value)
    {
        _configuration[key] = value;
        _configuration.Reload();
    }
}
