using Microsoft.Extensions.Logging;
using StackExchange.Redis;
using StickySessions.Redis;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>Beats at each interval, and early when something happened; now and then looks whether all is well.</summary>
internal sealed class RedisMembershipLoop(
    IRedisConnections redis,
    RedisBeater beater,
    EarlyExpiry earlyExpiry,
    AddressCheck addresses,
    RedisEviction eviction,
    StickyRedisOptions options,
    TimeProvider time,
    ILogger logger) : IAsyncDisposable
{
    private const int BeatsBetweenChecks = 10;

    private readonly CancellationTokenSource _stop = new();
    private readonly Alarm _early = new(time);
    private readonly RedisChannel _events = ViewKeys.Events(redis);
    private long _toldVersion;
    private Task _loops = Task.CompletedTask;
    private volatile string? _degradation;

    /// <summary>What can heal and is not the beat's concern.</summary>
    public string? Degradation => _degradation;

    public void Start() => _loops = Task.WhenAll(Task.Run(BeatLoopAsync), Task.Run(CheckLoopAsync));

    /// <summary>Stops and waits until it has stopped. Idempotent.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loops;
    }

    /// <summary>In Redis Cluster also a master that keeps only records: this connection goes to all of them.</summary>
    private void OnAnotherServer(object? sender, EventArgs e) => beater.Distrust();

    private async Task BeatLoopAsync()
    {
        IConnectionMultiplexer? subscribed = null;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var before = beater.View;
                var began = time.GetTimestamp();
                await beater.BeatAsync();
                subscribed ??= await TrySubscribeAsync();
                await RestAsync(began, hasNews: !ReferenceEquals(before, beater.View));
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                // A lease must not end because of a mistake somewhere else.
                logger.LoopFailed(e);
                await PauseAsync();
            }
        }

        if (subscribed is not null)
        {
            await UnsubscribeAsync(subscribed);
        }
    }

    /// <summary>Until the next beat. However often the view changes, a node beats no more than once in <see cref="Pace.OfBeats"/>.</summary>
    private async Task RestAsync(long began, bool hasNews)
    {
        var span = Pace.OfBeats(beater.View, options.BeatInterval);
        if (hasNews)
        {
            // Beating again soon tells a node that leaves that this one has seen it.
            await Task.Delay(span, time, _stop.Token);
            return;
        }

        var interval = Pace.Regular(options.BeatInterval);
        while (interval - time.GetElapsedTime(began) is var rest && rest > TimeSpan.Zero && await _early.WaitAsync(rest, _stop.Token))
        {
            if (Interlocked.Read(ref _toldVersion) > beater.View.Version)
            {
                await Task.Delay(Pace.MomentIn(span), time, _stop.Token);
                return;
            }
        }
    }

    /// <returns>The connection, or null if it has to be tried again.</returns>
    private async Task<IConnectionMultiplexer?> TrySubscribeAsync()
    {
        try
        {
            var connection = redis.Beats;
            await connection.GetSubscriber().SubscribeAsync(_events, OnEvent);
            connection.ConnectionRestored += OnAnotherServer;
            connection.ConfigurationChanged += OnAnotherServer;
            return connection;
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            return null;
        }
    }

    private async Task UnsubscribeAsync(IConnectionMultiplexer connection)
    {
        connection.ConnectionRestored -= OnAnotherServer;
        connection.ConfigurationChanged -= OnAnotherServer;
        try
        {
            await connection.GetSubscriber().UnsubscribeAsync(_events, OnEvent, CommandFlags.FireAndForget);
        }
        catch (RedisException)
        {
            // Redis is away and has forgotten the subscription with the connection.
        }
    }

    private void OnEvent(RedisChannel channel, RedisValue message)
    {
        // One that has stopped must not go on proving that it runs.
        if (_stop.IsCancellationRequested || ((string?)message ?? "").Split(' ') is not [var what, var which])
        {
            return;
        }

        if (what == "changed" && long.TryParse(which, out var version) && version > beater.View.Version)
        {
            Interlocked.Exchange(ref _toldVersion, version);
            _early.Ring();
        }
        else if (what == "suspected" && NodeTag.TryParse(which, out var accused))
        {
            // To be suspected is answered by a beat, without delay: it proves that this process runs.
            _ = accused == beater.Self?.Tag ? beater.BeatAsync() : earlyExpiry.ConfirmAsync(accused);
        }
    }

    private async Task CheckLoopAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (beater.IsJoined && !beater.IsRedisAway)
                {
                    var problem = await addresses.RunAsync(_stop.Token) ?? await eviction.CheckAsync();
                    if (problem is not null && problem != _degradation)
                    {
                        logger.Degraded(problem);
                    }

                    _degradation = problem;
                }

                await Task.Delay(BeatsBetweenChecks * options.BeatInterval, time, _stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is RedisException or TimeoutException)
            {
                // The beat says so already.
                await PauseAsync();
            }
            catch (Exception e)
            {
                logger.LoopFailed(e);
                await PauseAsync();
            }
        }
    }

    private async Task PauseAsync()
        => await Task.Delay(options.BeatInterval, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
