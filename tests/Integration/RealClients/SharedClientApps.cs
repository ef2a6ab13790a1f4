using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>The application that real clients use, with and without StickySessions. Each is started when the first test asks for it.</summary>
public sealed class SharedClientApps(GarnetServerFixture redis) : IAsyncDisposable
{
    private Task<ClientAppCluster>? _sticky;
    private Task<ClientAppCluster>? _unsticky;

    internal Task<ClientAppCluster> StickyAsync() => _sticky ??= StartStickyAsync();

    internal Task<ClientAppCluster> UnstickyAsync() => _unsticky ??= ClientAppCluster.StartAsync(redis: null);

    internal Task<ClientAppCluster> ClusterAsync(bool isSticky) => isSticky ? StickyAsync() : UnstickyAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var cluster in new[] { _sticky, _unsticky })
        {
            if (cluster is { IsCompletedSuccessfully: true })
            {
                await (await cluster).DisposeAsync();
            }
        }
    }

    private async Task<ClientAppCluster> StartStickyAsync() => await ClientAppCluster.StartAsync(await redis.ConfigurationAsync());
}
