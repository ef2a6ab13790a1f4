using StickySessions.Tests.Integration.Processes;

namespace StickySessions.Tests.Integration.MainJob;

/// <summary>Processes of the sample.</summary>
internal sealed class ProcessShop(ShopClusterOfProcesses cluster, bool isShared) : IShop
{
    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler { UseCookies = false, PooledConnectionLifetime = TimeSpan.Zero });

    public Task<HttpResponseMessage> SendAsync(int node, HttpRequestMessage request)
    {
        request.RequestUri = new Uri(cluster.Nodes[node].Address, request.RequestUri!);
        return _client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public Task StopAsync(int node) => cluster.Nodes[node].StopAsync();

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (!isShared)
        {
            await cluster.DisposeAsync();
        }
    }
}
