using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>The application that real clients use, with and without StickySessions. Each is started when the first test asks for it.</summary>
public sealed class SharedClientApps(GarnetServerFixture redis) : IAsyncDisposable
{
    private readonly Dictionary<string, Task<ClientAppCluster>> _clusters = [];

    /// <param name="arguments">Configuration of each node besides, as <c>--Key=Value</c>.</param>
    internal Task<ClientAppCluster> StickyAsync(params string[] arguments)
        => SharedAsync("sticky", async () => await ClientAppCluster.StartAsync(await redis.ConfigurationAsync(), arguments), arguments);

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
