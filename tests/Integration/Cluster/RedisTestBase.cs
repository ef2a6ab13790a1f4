namespace StickySessions.Tests.Integration.Cluster;

/// <summary>Tests of a cluster in Redis.</summary>
public abstract class RedisTestBase : IAsyncLifetime
{
    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private protected RedisCluster Cluster { get; private set; } = null!;

    /// <summary>The server's connection string. Skips the test if there can be no such server on this machine.</summary>
    protected abstract Task<string> ConfigurationAsync();

    public async ValueTask InitializeAsync() => Cluster = new RedisCluster(await ConfigurationAsync());

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Cluster is { } cluster)
        {
            await cluster.DisposeAsync();
        }
    }

    private protected Task<RedisNode[]> ActiveAsync(params string[] names) => Cluster.RedisNodesAsync(names);
}
