using Microsoft.Extensions.Options;
using StackExchange.Redis;
using StickySessions.Redis;

namespace StickySessions.Tests.Integration.Ownership;

/// <summary>The product's connection for records, and a word whenever somebody is about to use it.</summary>
internal sealed class TestConnections : IRedisConnections, IAsyncDisposable
{
    private readonly RedisConnections _connections;
    private int _uses;

    private TestConnections(RedisConnections connections) => _connections = connections;

    /// <summary>Called with the number of the use, from 1.</summary>
    public Action<int>? BeforeUse { get; set; }

    public IConnectionMultiplexer Beats => throw new NotSupportedException();

    public IConnectionMultiplexer Records
    {
        get
        {
            BeforeUse?.Invoke(Interlocked.Increment(ref _uses));
            return _connections.Records;
        }
    }

    public Task ConnectAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public static async Task<TestConnections> ConnectAsync(string configuration, int timeoutInMilliseconds = 5_000)
    {
        var connections = new RedisConnections(Options.Create(new StickyRedisOptions
        {
            Configuration = configuration,
            Configure = settings => settings.AsyncTimeout = timeoutInMilliseconds,
        }));
        await connections.ConnectAsync(TestContext.Current.CancellationToken);
        return new(connections);
    }

    public RedisKey Key(string suffix) => throw new NotSupportedException();

    public RedisKey SessionKey(string session) => $"test:s:{{{session}}}";

    public ValueTask DisposeAsync() => _connections.DisposeAsync();
}
