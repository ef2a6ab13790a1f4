using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>The application that real clients use, with and without StickySessions. Each is started when the first test asks for it.</summary>
public sealed class SharedClientApps(GarnetServerFixture redis) : IAsyncDisposable
{
    private readonly Dictionary<string, Task<ClientAppCluster>> _clusters = [];

    /// <param name="arguments">Configuration of each node besides, as <c>--Key=Value</c>.</param>
    internal Task<ClientAppCluster> StickyAsync(params string[] arguments) => SharedAsync("sticky", () => StartAsync(arguments), arguments);

    /// <summary>One that is not shared, for who stops nodes of it.</summary>
    /// <param name="arguments">Configuration of each node besides, as <c>--Key=Value</c>.</param>
    internal async Task<ClientAppCluster> StartAsync(params string[] arguments) => await ClientAppCluster.StartAsync(await redis.ConfigurationAsync(), arguments);

    /// <summary>gRPC and MCP by the headers that their clients send anyway, as policies of their paths.</summary>
    internal Task<ClientAppCluster> StickyByHeadersAsync() => StickyAsync(
        "--StickySessions:Policies:tally:PathPrefixes:0=/Tally",
        "--StickySessions:Policies:tally:Method=Hash",
        "--StickySessions:Policies:tally:Sources:0:Kind=Header",
        "--StickySessions:Policies:tally:Sources:0:Name=x-session",
        "--StickySessions:Policies:mcp:PathPrefixes:0=/mcp",
        "--StickySessions:Policies:mcp:Method=Rewrite",
        "--StickySessions:Policies:mcp:Sources:0:Kind=Header",
        "--StickySessions:Policies:mcp:Sources:0:Name=Mcp-Session-Id");

    internal Task<ClientAppCluster> UnstickyAsync() => SharedAsync("unsticky", () => ClientAppCluster.StartAsync(redis: null));

    internal Task<ClientAppCluster> ClusterAsync(bool isSticky) => isSticky ? StickyAsync() : UnstickyAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var cluster in _clusters.Values.Where(cluster => cluster.IsCompletedSuccessfully))
        {
            await (await cluster).DisposeAsync();
        }
    }

    private Task<ClientAppCluster> SharedAsync(string kind, Func<Task<ClientAppCluster>> startAsync, params string[] arguments)
    {
        var key = string.Join(' ', [kind, .. arguments]);
        return _clusters.TryGetValue(key, out var cluster) ? cluster : _clusters[key] = startAsync();
    }
}
