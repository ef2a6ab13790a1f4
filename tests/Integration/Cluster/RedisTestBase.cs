using StickySessions.Tests.Integration.Redis;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>Tests on a server that may be missing.</summary>
public abstract class RedisTestBase(IRedisServer server) : IAsyncLifetime
{
    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private protected RedisCluster Cluster { get; private set; } = null!;

    public ValueTask InitializeAsync()
    {
        Assert.SkipUnless(server.Missing is null, server.Missing ?? "");
        Cluster = new RedisCluster(server.Configuration);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Cluster is { } cluster)
        {
            await cluster.DisposeAsync();
        }
    }

    private protected async Task<RedisNode[]> ActiveAsync(params string[] names)
        => [.. (await Cluster.ActiveAsync(names)).Cast<RedisNode>()];
}
