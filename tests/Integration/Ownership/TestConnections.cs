using StackExchange.Redis;
using StickySessions.Redis;

namespace StickySessions.Tests.Integration.Ownership;

/// <summary>One connection, and a word whenever somebody is about to use it.</summary>
internal sealed class TestConnections : IRedisConnections, IAsyncDisposable
{
    private readonly ConnectionMultiplexer _connection;
    private int _uses;

    private TestConnections(ConnectionMultiplexer connection) => _connection = connection;

    /// <summary>Called with the number of the use, from 1.</summary>
    public Action<int>? BeforeUse { get; set; }

    public IConnectionMultiplexer Beats => throw new NotSupportedException();

    public IConnectionMultiplexer Records
    {
        get
        {
            BeforeUse?.Invoke(Interlocked.Increment(ref _uses));
            return _connection;
        }
    }

    public Task ConnectAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public static async Task<TestConnections> ConnectAsync(string configuration, int timeoutInMilliseconds = 5_000)
    {
        var options = ConfigurationOptions.Parse(configuration);
        options.AbortOnConnectFail = false;
        options.BacklogPolicy = BacklogPolicy.FailFast;
        options.AsyncTimeout = timeoutInMilliseconds;
        return new(await ConnectionMultiplexer.ConnectAsync(options));
    }

    public RedisKey Key(string suffix) => throw new NotSupportedException();

    public RedisKey SessionKey(string session) => $"test:s:{{{session}}}";

    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}
