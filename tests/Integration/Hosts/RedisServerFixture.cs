namespace StickySessions.Tests.Integration.Hosts;

/// <summary>One real redis-server. Started when the first test asks for it; tests that stop, freeze or flush one start their own.</summary>
public sealed class RedisServerFixture : IRedisServer, IAsyncDisposable
{
    private readonly Lazy<Task<RedisServerProcess>> _server = new(() => RedisServerProcess.StartOrSkipAsync());

    public async Task<string> ConfigurationAsync() => (await _server.Value).Configuration;

    public async ValueTask DisposeAsync()
    {
        if (_server is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
        {
            await (await _server.Value).DisposeAsync();
        }
    }
}
