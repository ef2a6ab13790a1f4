using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Forwarding;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Forwarding;

/// <summary>
/// A whole node on real sockets, with a tiny stand-in for the middleware: a request goes to the node that its header
/// <c>To</c> names, or to several in turn.
/// </summary>
internal sealed class TestNode : IAsyncDisposable
{
    public const string Secret = "a secret for tests of at least 32 characters";

    private readonly WebApplication _app;

    private TestNode(WebApplication app, string name)
    {
        _app = app;
        Name = name;
    }

    public static ForwardedSession Session { get; } = new(
        ForwardPurpose.Serve,
        new StickyToken(SessionId.New(), new NodeTag(1, 2), 3, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch),
        "default");

    public string Name { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>The nodes that this one can forward to, by name.</summary>
    public ConcurrentDictionary<string, Node> Peers { get; } = new(StringComparer.Ordinal);

    /// <summary>What became of each attempt to forward, in order.</summary>
    public ConcurrentQueue<ForwardResult> Results { get; } = new();

    /// <summary>What became of the only request; its client has had the answer a moment before.</summary>
    public async Task<ForwardResult> ResultAsync()
    {
        await Eventually.Async(() => !Results.IsEmpty);
        return Assert.Single(Results);
    }

    /// <summary>Whether this node refuses forwarded requests as not its own.</summary>
    public bool RefusesAll { get; set; }

    public Uri PublicAddress => new(_app.Urls.First());

    public InterconnectAddress Interconnect => Services.GetRequiredService<InterconnectAddress>();

    public Node AsPeer(bool overInterconnect = true) => new()
    {
        Tag = new NodeTag(1, (uint)Random.Shared.Next()),
        Name = Name,
        Address = overInterconnect ? Interconnect.Advertised! : PublicAddress,
        HasInterconnect = overInterconnect,
    };

    public static async Task<TestNode> StartAsync(
        string name,
        Action<WebApplication>? endpoints = null,
        Action<WebApplicationBuilder>? configure = null,
        Action<WebApplication>? before = null,
        string secret = Secret)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddForwarding();
        builder.Services.Configure<StickyNodeOptions>(options => options.Name = name);
        builder.Services.Configure<StickyInterconnectOptions>(options => options.Url = "http://127.0.0.1:0");
        builder.Services.AddSingleton<IClusterKeys>(new FixedClusterKeys(secret));
        configure?.Invoke(builder);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));

        var app = builder.Build();
        var node = new TestNode(app, name);
        before?.Invoke(app);
        app.Use(node.InvokeAsync);
        endpoints?.Invoke(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return node;
    }

    public HttpClient Client(Version? version = null) => new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
    {
        BaseAddress = PublicAddress,
        DefaultRequestVersion = version ?? HttpVersion.Version11,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    public Task StopAsync() => _app.StopAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<IForwardedRequestFeature>() is { } forwarded)
        {
            forwarded.RestoreRequest(context);
            if (RefusesAll)
            {
                await forwarded.RefuseAsync(context, new NotMine(new NodeTag(7, 8), 9, 10, Ended: true));
                return;
            }

            await next(context);
            return;
        }

        foreach (var target in context.Request.Headers["To"].ToString().Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var result = await Services.GetRequiredService<IRequestForwarder>().ForwardAsync(context, Peers[target], Session);
            Results.Enqueue(result);
            if (result.Status is ForwardStatus.Completed or ForwardStatus.Failed)
            {
                return;
            }
        }

        await next(context);
    }
}
