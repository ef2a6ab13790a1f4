using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>
/// Three nodes with StickySessions and three without, for all tests of clients from the web. Started when the first test asks for them;
/// no test stops one.
/// </summary>
public sealed class SharedClientApps(GarnetServerFixture redis) : IAsyncDisposable
{
    private Task<ClientAppCluster>? _sticky;
    private Task<ClientAppCluster>? _sprayed;

    internal Task<ClientAppCluster> StickyAsync() => _sticky ??= StartStickyAsync();

    internal Task<ClientAppCluster> SprayedAsync() => _sprayed ??= ClientAppCluster.StartAsync(redis: null);

    public async ValueTask DisposeAsync()
    {
        foreach (var cluster in new[] { _sticky, _sprayed })
        {
            if (cluster is { IsCompletedSuccessfully: true })
            {
                await (await cluster).DisposeAsync();
            }
        }
    }

    private async Task<ClientAppCluster> StartStickyAsync() => await ClientAppCluster.StartAsync(await redis.ConfigurationAsync());
}

/// <summary>Tests of clients that share the application's nodes: one after the other and beside nothing else.</summary>
[CollectionDefinition(nameof(WebClientTests), DisableParallelization = true)]
public sealed class WebClientTests : ICollectionFixture<SharedClientApps>;
