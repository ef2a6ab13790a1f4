using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace StickySessions.Redis;

/// <summary>
/// Two connections: beats never wait behind records. Both fail fast and come back by themselves, so the application starts and
/// goes on while Redis is away.
/// </summary>
internal sealed class RedisConnections : IRedisConnections, IAsyncDisposable
{
    /// <summary>
    /// How long one command or one connect may take, unless the connection string says otherwise: a node must notice within a lease
    /// that Redis is away. It stands before the connection string: of an option that is given twice the last counts.
    /// </summary>
    private const string Timeouts = "connectTimeout=1000,asyncTimeout=1000,syncTimeout=1000,";

    private const int ReconnectInMilliseconds = 500;

    private readonly StickyRedisOptions _options;
    private readonly LastingConnection _beats;
    private readonly LastingConnection _records;

    public RedisConnections(IOptions<StickyRedisOptions> options)
    {
        _options = options.Value;
        _beats = new LastingConnection(() => ConnectAsync("beats"));
        _records = new LastingConnection(() => ConnectAsync("records"));
    }

    public IConnectionMultiplexer Beats => _beats.GetAsync().GetAwaiter().GetResult();

    public IConnectionMultiplexer Records => _records.GetAsync().GetAwaiter().GetResult();

    public async Task ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(_beats.GetAsync(), _records.GetAsync()).WaitAsync(cancellationToken);
        }
        catch (RedisException)
        {
            // Sentinel could not name a master. Whoever needs a connection hears of it then, and later attempts may succeed.
        }
    }

    // The braces are Redis Cluster's hash tag: scripts touch several of these keys at once.
    public RedisKey Key(string suffix) => $"{{{_options.ClusterName}}}:{suffix}";

    public RedisKey SessionKey(string session) => $"{_options.ClusterName}:s:{{{session}}}";

    public async ValueTask DisposeAsync()
    {
        await _beats.DisposeAsync();
        await _records.DisposeAsync();
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
