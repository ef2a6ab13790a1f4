using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace StickySessions.Redis;

/// <summary>
/// Two connections: beats never wait behind records. Both fail fast and come back by themselves, so the application starts and
/// goes on while Redis is away.
/// </summary>
internal sealed class RedisConnections(IOptions<StickyRedisOptions> options) : IRedisConnections, IAsyncDisposable
{
    /// <summary>
    /// How long one command or one connect may take, unless the connection string says otherwise: a node must notice within a lease
    /// that Redis is away. It stands before the connection string: of an option that is given twice the last counts.
    /// </summary>
    private const string Timeouts = "connectTimeout=1000,asyncTimeout=1000,syncTimeout=1000,";

    private const int ReconnectInMilliseconds = 500;

    private readonly StickyRedisOptions _options = options.Value;
    private readonly Lock _connecting = new();
    private Task<IConnectionMultiplexer>? _beats;
    private Task<IConnectionMultiplexer>? _records;

    public IConnectionMultiplexer Beats => Connection(ref _beats, "beats").GetAwaiter().GetResult();

    public IConnectionMultiplexer Records => Connection(ref _records, "records").GetAwaiter().GetResult();

    public Task ConnectAsync(CancellationToken cancellationToken)
        => Task.WhenAll(Connection(ref _beats, "beats"), Connection(ref _records, "records")).WaitAsync(cancellationToken);

    // The braces are Redis Cluster's hash tag: scripts touch several of these keys at once.
    public RedisKey Key(string suffix) => $"{{{_options.ClusterName}}}:{suffix}";

    public RedisKey SessionKey(string session) => $"{_options.ClusterName}:s:{{{session}}}";

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in new[] { _beats, _records })
        {
            if (connection is { IsCompletedSuccessfully: true })
            {
                await (await connection).DisposeAsync();
            }
        }
    }

    private Task<IConnectionMultiplexer> Connection(ref Task<IConnectionMultiplexer>? connection, string purpose)
    {
        lock (_connecting)
        {
            return connection ??= ConnectAsync(purpose);
        }
    }

    private async Task<IConnectionMultiplexer> ConnectAsync(string purpose)
        => await ConnectionMultiplexer.ConnectAsync(SettingsFor(purpose));

    internal ConfigurationOptions SettingsFor(string purpose)
    {
        var settings = ConfigurationOptions.Parse(Timeouts + _options.Configuration);
        settings.ReconnectRetryPolicy = new LinearRetry(ReconnectInMilliseconds);
        // INFO counts as administration.
        settings.AllowAdmin = true;
        settings.ClientName = $"StickySessions-{purpose}";
        _options.Configure?.Invoke(settings);

        // Not negotiable: a command that is queued while Redis is away would renew a lease, or claim a session, long after it was meant to.
        settings.AbortOnConnectFail = false;
        settings.BacklogPolicy = BacklogPolicy.FailFast;
        return settings;
    }
}
