using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>The application that real clients use, with and without StickySessions. Each is started when the first test asks for it.</summary>
/// <remarks>With StickySessions in two ways: all by its own cookie, or gRPC and MCP by the headers that their clients send anyway.</remarks>
public sealed class SharedClientApps(GarnetServerFixture redis) : IAsyncDisposable
{
    private Task<ClientAppCluster>? _sticky;
    private Task<ClientAppCluster>? _stickyByHeaders;
    private Task<ClientAppCluster>? _unsticky;

    internal Task<ClientAppCluster> StickyAsync() => _sticky ??= StartStickyAsync();

    /// <summary>Policies of gRPC's and of MCP's paths, as configuration writes them.</summary>
    internal Task<ClientAppCluster> StickyByHeadersAsync() => _stickyByHeaders ??= StartStickyAsync(
        "--StickySessions:Policies:tally:PathPrefixes:0=/Tally",
        "--StickySessions:Policies:tally:Method=Hash",
        "--StickySessions:Policies:tally:Sources:0:Kind=Header",
        "--StickySessions:Policies:tally:Sources:0:Name=x-session",
        "--StickySessions:Policies:mcp:PathPrefixes:0=/mcp",
        "--StickySessions:Policies:mcp:Method=Rewrite",
        "--StickySessions:Policies:mcp:Sources:0:Kind=Header",
        "--StickySessions:Policies:mcp:Sources:0:Name=Mcp-Session-Id");

    internal Task<ClientAppCluster> UnstickyAsync() => _unsticky ??= ClientAppCluster.StartAsync(redis: null);

    internal Task<ClientAppCluster> ClusterAsync(bool isSticky) => isSticky ? StickyAsync() : UnstickyAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var cluster in new[] { _sticky, _stickyByHeaders, _unsticky })
        {
            if (cluster is { IsCompletedSuccessfully: true })
            {
                await (await cluster).DisposeAsync();
            }
        }
    }

    private async Task<ClientAppCluster> StartStickyAsync(params string[] arguments)
        => await ClientAppCluster.StartAsync(await redis.ConfigurationAsync(), arguments);
}
