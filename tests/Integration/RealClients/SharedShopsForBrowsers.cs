using StickySessions.Tests.Integration.Balancers;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Processes;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>Three nodes of the sample with StickySessions and three without, behind balancers. Started when the first test asks for them.</summary>
public sealed class SharedShopsForBrowsers(GarnetServerFixture redis) : IAsyncDisposable
{
    // Browsers keep their connections, and a balancer of connections would send all that one does to one node.
    private static readonly (string, string) NewConnections = ("ShopCart__NewConnectionPerClick", "true");

    // What the page draws; when it hears of another node it loads itself again.
    private static readonly (string, string) Names = ("ShopCart__Nodes", "web-1,web-2,web-3");

    private readonly List<IAsyncDisposable> _running = [];
    private Task<ShopClusterOfProcesses>? _sticky;
    private Task<ShopClusterOfProcesses>? _unsticky;

    internal async Task<Uri> StickyAsync(Spraying spraying) => await BalanceAsync(spraying, _sticky ??= StartAsync());

    internal async Task<Uri> UnstickyAsync(Spraying spraying) => await BalanceAsync(spraying, _unsticky ??= StartAsync(("ShopCart__Sticky", "off")));

    public async ValueTask DisposeAsync()
    {
        foreach (var running in _running)
        {
            await running.DisposeAsync();
        }
    }

    private async Task<ShopClusterOfProcesses> StartAsync(params (string, string)[] environment)
    {
        var cluster = await ShopClusterOfProcesses.StartAsync(await redis.ConfigurationAsync(), 3, [NewConnections, Names, .. environment]);
        _running.Add(cluster);
        return cluster;
    }

    private async Task<Uri> BalanceAsync(Spraying spraying, Task<ShopClusterOfProcesses> cluster)
    {
        var nodes = (await cluster).Nodes.Select(node => node.Address);
        var balancer = await (spraying == Spraying.Connections
            ? BalancerProcess.StartHaproxyOrSkipAsync(nodes)
            : BalancerProcess.StartHaproxyOfRequestsOrSkipAsync(nodes));
        _running.Add(balancer);
        return balancer.Address;
    }
}
