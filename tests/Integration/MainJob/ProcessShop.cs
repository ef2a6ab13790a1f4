using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Processes;

namespace StickySessions.Tests.Integration.MainJob;

/// <summary>Three processes of the sample and a real redis-server.</summary>
internal sealed class ProcessShop(RedisServerProcess redis, ShopClusterOfProcesses cluster) : IShop
{
    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler { UseCookies = false, PooledConnectionLifetime = TimeSpan.Zero });

    public static async Task<IShop> StartAsync()
    {
        var redis = await RedisServerProcess.StartOrSkipAsync();
        return new ProcessShop(redis, await ShopClusterOfProcesses.StartAsync(redis, 3));
    }

    public Task<HttpResponseMessage> SendAsync(int node, HttpRequestMessage request)
    {
        request.RequestUri = new Uri(cluster.Nodes[node].Address, request.RequestUri!);
        return _client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public Task StopAsync(int node)
    {
        cluster.Nodes[node].Terminate();
        return cluster.Nodes[node].WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await cluster.DisposeAsync();
        await redis.DisposeAsync();
    }
}
