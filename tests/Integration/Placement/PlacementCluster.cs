using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Placement;

/// <summary>
/// Nodes on real sockets that can be killed and started again under their names, in Redis or configured. Any path that is not mapped
/// otherwise answers with the node that ran it.
/// </summary>
internal sealed class PlacementCluster(string? redis) : IAsyncDisposable
{
    private readonly string _clusterName = $"test-{Guid.NewGuid():N}";
    private readonly Dictionary<string, int> _ports = new(StringComparer.Ordinal);
    private readonly List<PlacementNode> _nodes = [];

    public Action<IStickySessionsBuilder> Configure { get; init; } = _ => { };

    public Action<WebApplication> Map { get; init; } = _ => { };

    /// <summary>Nodes that start later: those of a static cluster must know them from the beginning.</summary>
    public void Expect(params string[] names)
    {
        foreach (var name in names)
        {
            _ports.TryAdd(name, FreePort.Next());
        }
    }

    /// <summary>Starts the nodes; each sees all others ready, and knows their load if it wants to.</summary>
    public async Task<PlacementNode[]> StartAsync(params string[] names)
    {
        Expect(names);
        foreach (var name in names)
        {
            await StartNodeAsync(name);
        }

        PlacementNode[] nodes = [.. _nodes.Where(node => !node.IsKilled)];
        await Eventually.Async(() => nodes.All(node => node.Knows(nodes)), "all nodes know each other and their load");
        return nodes;
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(_nodes.Select(node => node.DisposeAsync().AsTask()));

    private async Task StartNodeAsync(string name)
    {
        var builder = WebApplication.CreateBuilder(["--urls", "http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        // Only nodes that are configured must know each other's ports before they are bound.
        var port = redis is null ? _ports[name] : 0;
        var sticky = builder.Services.AddStickySessions()
            .ConfigureNode(node => (node.Name, node.DrainDelay, node.SlowStart) = (name, TimeSpan.Zero, TimeSpan.Zero))
            .ConfigureInterconnect(interconnect => interconnect.Url = $"http://127.0.0.1:{port}")
            .ConfigureKeys(keys => keys.Secret = "a secret of the tests, the same on all nodes");
        if (redis is not null)
        {
            sticky.UseRedis(options => (options.Configuration, options.ClusterName, options.BeatInterval) = (redis, _clusterName, TimeSpan.FromMilliseconds(100)));
        }
        else
        {
            sticky.UseStaticNodes(options =>
            {
                options.ProbeInterval = TimeSpan.FromMilliseconds(100);
                options.GoneAfter = TimeSpan.FromSeconds(5);
                foreach (var (node, port) in _ports)
                {
                    options.Nodes[node] = $"http://127.0.0.1:{port}";
                }
            });
        }

        Configure(sticky);
        var app = builder.Build();
        app.UseStickySessions();
        Map(app);
        app.MapGet("/{**path}", () => name);
        await app.StartAsync(TestContext.Current.CancellationToken);
        _nodes.Add(new PlacementNode(name, app));
    }
}

/// <summary>One of its nodes.</summary>
internal sealed class PlacementNode(string name, WebApplication app) : IAsyncDisposable
{
    private bool _isKilled;

    public string Name => name;

    public IServiceProvider Services => app.Services;

    public Uri Address { get; } = new(app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());

    public HeldSessions Held => Services.GetRequiredService<HeldSessions>();

    public bool IsKilled => _isKilled;

    private IClusterMembership Membership => Services.GetRequiredService<IClusterMembership>();

    public bool Sees(string other) => Membership.View.Nodes.Any(node => node.Name == other && node.State == NodeState.Active);

    public bool Knows(IEnumerable<PlacementNode> nodes) => nodes.All(node =>
        Membership.View.Find(node.Membership.Self.Tag) is { State: NodeState.Active }
        && (ReferenceEquals(node, this) || !Wants || Services.GetRequiredService<NodeLoads>().TryGet(node.Membership.Self.Tag, out _, out _)));

    private bool Wants => Services.GetRequiredService<NodeLoads>().AreWanted;

    /// <summary>Drains it, as a deployment does.</summary>
    public async Task StopAsync()
    {
        await app.StopAsync(CancellationToken.None);
        _isKilled = true;
        await app.DisposeAsync();
    }

    /// <summary>As SIGKILL does as far as the others see: it says nothing, renews no lease, and nobody listens.</summary>
    public async Task KillAsync()
    {
        _isKilled = true;
        await ((IAsyncDisposable)Membership).DisposeAsync();
        await app.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_isKilled)
        {
            await app.StopAsync(CancellationToken.None);
            await app.DisposeAsync();
        }
    }
}
