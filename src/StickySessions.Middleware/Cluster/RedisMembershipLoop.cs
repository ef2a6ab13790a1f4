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
                if (!ReferenceEquals(before, beater.View))
                {
                    // Beating again at once tells a node that leaves that this one has seen it.
                    continue;
                }

                var rest = options.BeatInterval - time.GetElapsedTime(began);
                if (rest > TimeSpan.Zero && await _early.WaitAsync(rest, _stop.Token))
                {
                    await Task.Delay(Random.Shared.NextDouble() * options.BeatInterval / 20, time, _stop.Token);
                }
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

    /// <returns>The connection, or null if it has to be tried again.</returns>
    private async Task<IConnectionMultiplexer?> TrySubscribeAsync()
    {
        try
        {
            var connection = redis.Beats;
            await connection.GetSubscriber().SubscribeAsync(_events, (_, message) => OnEvent((string?)message ?? ""));
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
            await connection.GetSubscriber().UnsubscribeAsync(_events, flags: CommandFlags.FireAndForget);
        }
        catch (RedisException)
        {
            // Redis is away and has forgotten the subscription with the connection.
        }
    }

    private void OnEvent(string message)
    {
        if (message.Split(' ') is not [var what, var which])
        {
            return;
        }

        if (what == "changed" && long.TryParse(which, out var version) && version > beater.View.Version)
        {
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
