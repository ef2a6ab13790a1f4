using System.Collections.Immutable;
using StickySessions.Tests.Integration.Balancers;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>Which balancer stands before the nodes. Both know nothing of sessions.</summary>
public enum Spraying
{
    /// <summary>Each connection goes to another node than the one before.</summary>
    Connections,

    /// <summary>Each request goes to another node than the one before, whatever its connection.</summary>
    Requests,
}

/// <summary>Three nodes of the application that real clients use, behind one balancer of each kind.</summary>
internal sealed class ClientAppCluster : IAsyncDisposable
{
    private readonly Dictionary<(Spraying Spraying, bool Http2), BalancerProcess> _balancers = [];

    public ImmutableArray<ClientAppNode> Nodes { get; private set; } = [];

    /// <param name="redis">The connection string, or null to start the nodes without StickySessions.</param>
    /// <param name="arguments">Configuration of each node besides, as <c>--Key=Value</c>.</param>
    public static async Task<ClientAppCluster> StartAsync(string? redis, params string[] arguments)
    {
        var cluster = new ClientAppCluster();
        var clusterName = $"clients-{Guid.NewGuid():N}";
        var starts = Enumerable.Range(1, 3)
            .Select(number => $"web-{number}")
            .Select(name => ClientAppNode.StartAsync(name, [.. redis is null ? ["--sticky=off"] : Sticky(name, redis, clusterName), .. arguments]))
            .ToArray();
        try
        {
            cluster.Nodes = [.. await Task.WhenAll(starts)];
            return cluster;
        }
        catch
        {
            cluster.Nodes = [.. starts.Where(start => start.IsCompletedSuccessfully).Select(start => start.Result)];
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Where clients connect. The test is skipped where HAProxy is not installed.</summary>
    public async Task<Uri> AddressAsync(Spraying spraying)
    {
        var addresses = Nodes.Select(node => node.Address);
        return await BalancerAsync((spraying, Http2: false), () => spraying == Spraying.Connections
            ? BalancerProcess.StartHaproxyOrSkipAsync(addresses)
            : BalancerProcess.StartHaproxyOfRequestsOrSkipAsync(addresses));
    }

    /// <summary>Where clients connect that speak HTTP/2 in clear text without asking first, as those of gRPC do.</summary>
    public async Task<Uri> Http2AddressAsync(Spraying spraying)
    {
        var addresses = Nodes.Select(node => node.Http2Address);
        return await BalancerAsync((spraying, Http2: true), () => spraying == Spraying.Connections
            ? BalancerProcess.StartHaproxyOrSkipAsync(addresses)
            : BalancerProcess.StartHaproxyOfHttp2RequestsOrSkipAsync(addresses));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var balancer in _balancers.Values)
        {
            await balancer.DisposeAsync();
        }

        await Task.WhenAll(Nodes.Select(node => node.DisposeAsync().AsTask()));
    }

    private async Task<Uri> BalancerAsync((Spraying Spraying, bool Http2) kind, Func<Task<BalancerProcess>> startAsync)
        => (_balancers.TryGetValue(kind, out var running) ? running : _balancers[kind] = await startAsync()).Address;

    private static string[] Sticky(string name, string redis, string clusterName) =>
    [
        $"--StickySessions:Node:Name={name}",
        "--StickySessions:Interconnect:Url=http://127.0.0.1:0",
        $"--StickySessions:Redis:Configuration={redis}",
        $"--StickySessions:Redis:ClusterName={clusterName}",
    ];
}
