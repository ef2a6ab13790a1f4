using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Processes;

/// <summary>Three processes of the sample on a real redis-server. Started when the first test asks for them; no test stops one.</summary>
public sealed class SharedShopCluster(RedisServerFixture redis) : IAsyncDisposable
{
    private Task<ShopClusterOfProcesses>? _cluster;

    internal Task<ShopClusterOfProcesses> StartedOrSkipAsync() => _cluster ??= StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (_cluster is { IsCompletedSuccessfully: true } cluster)
        {
            await (await cluster).DisposeAsync();
        }
    }

    private async Task<ShopClusterOfProcesses> StartAsync() => await ShopClusterOfProcesses.StartAsync(await redis.ConfigurationAsync(), 3);
}
