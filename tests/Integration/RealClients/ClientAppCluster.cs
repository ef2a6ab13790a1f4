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
    private readonly Dictionary<(Spraying Spraying, bool IsHttp2), BalancerProcess> _balancers = [];

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
    public Task<Uri> AddressAsync(Spraying spraying) => AddressAsync(spraying, isHttp2: false);

    /// <summary>Where clients connect that speak HTTP/2 from the first byte.</summary>
    public Task<Uri> Http2AddressAsync(Spraying spraying) => AddressAsync(spraying, isHttp2: true);

    public async ValueTask DisposeAsync()
    {
        foreach (var balancer in _balancers.Values)
        {
            await balancer.DisposeAsync();
        }

        await Task.WhenAll(Nodes.Select(node => node.DisposeAsync().AsTask()));
    }

    private async Task<Uri> AddressAsync(Spraying spraying, bool isHttp2)
    {
        if (!_balancers.TryGetValue((spraying, isHttp2), out var balancer))
        {
            var addresses = Nodes.Select(node => isHttp2 ? node.Http2Address : node.Address);
            balancer = _balancers[(spraying, isHttp2)] = await (spraying == Spraying.Connections
                ? BalancerProcess.StartHaproxyOrSkipAsync(addresses)
                : BalancerProcess.StartHaproxyOfRequestsOrSkipAsync(addresses, isHttp2));
        }

        return balancer.Address;
    }

    private static string[] Sticky(string name, string redis, string clusterName) =>
    [
        $"--StickySessions:Node:Name={name}",
        "--StickySessions:Interconnect:Url=http://127.0.0.1:0",
        $"--StickySessions:Redis:Configuration={redis}",
        $"--StickySessions:Redis:ClusterName={clusterName}",
    ];
}
