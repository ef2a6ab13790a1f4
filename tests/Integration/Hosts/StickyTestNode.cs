using System.Collections.Immutable;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StickySessions.Cluster;

namespace StickySessions.Tests.Integration.Hosts;

/// <summary>One node of a <see cref="StickyTestCluster"/>.</summary>
internal sealed class StickyTestNode : IAsyncDisposable
{
    /// <summary>An endpoint that each node has: whoever calls it gets a session.</summary>
    public const string SessionPath = "/test-session";

    private readonly WebApplication _app;
    private readonly ImmutableArray<Uri> _addresses;

    private StickyTestNode(string name, WebApplication app)
    {
        Name = name;
        _app = app;
        _addresses = [.. app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>()
            .Addresses.Select(address => new Uri(address))];
    }

    public string Name { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>The public HTTP/1.1 listener.</summary>
    public Uri Http => _addresses[0];

    /// <summary>The public HTTP/2 listener without TLS (prior knowledge).</summary>
    public Uri H2c => _addresses[1];

    /// <summary>The public HTTPS listener.</summary>
    public Uri Https => _addresses[2];

    /// <summary>How many nodes are ready, as this node sees it.</summary>
    public int ActiveNodes => Services.GetRequiredService<IClusterMembership>().View.Nodes.Count(node => node.State is NodeState.Active);

    public static async Task<StickyTestNode> StartAsync(string name, StickyTestNodeSetup setup)
    {
        // Nodes that are forwarded to at their public address must know it before they bind.
        var publicPort = setup.Options.Interconnect is InterconnectKind.None ? FreePort.Next() : 0;
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = setup.Directory });
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => setup.ConfigureKestrel(kestrel, publicPort));
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        // What a failed test left open must not hold up the others.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        setup.ConfigureSticky(builder.Services.AddStickySessions(), name, publicPort);
        setup.Options.ConfigureBuilder(builder);

        var app = builder.Build();
        try
        {
            setup.Options.BeforeSticky(app);
            app.UseStickySessions();
            setup.Options.AfterSticky(app);
            app.MapGet(SessionPath, () => Results.NoContent());
            await app.StartAsync(TestContext.Current.CancellationToken);
            return new StickyTestNode(name, app);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a session that this node owns.</summary>
    /// <param name="prepare">Adds what the pipeline in front of the endpoint insists on.</param>
    /// <returns>What a client sends as its <c>Cookie</c>.</returns>
    public async Task<string> StartSessionAsync(Action<HttpRequestMessage>? prepare = null)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Http, SessionPath));
        prepare?.Invoke(request);
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.NoContent, response.StatusCode);

        var cookies = response.Headers.TryGetValues("Set-Cookie", out var values) ? values : [];
        return Assert.Single(cookies, cookie => cookie.StartsWith(".StickySession=", StringComparison.Ordinal)).Split(';')[0];
    }

    /// <summary>Stops the node as a deployment would.</summary>
    /// <summary>Whether it has drained and closes its listeners, or has closed them.</summary>
    public bool IsStopping => Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested;

    public Task StopAsync() => _app.StopAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _app.DisposeAsync();
    }
}
