using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Redis;

namespace StickySessions.Ownership;

/// <summary>
/// Keeps the records of held sessions in Redis: renews their lifetime long before it ends, and pushes again what Redis may have lost when
/// it was away, flushed or failed over. Then it looks a second time, at all sessions: another owner may have pushed its record after the
/// first look. Works in small batches with pauses between them, so that many sessions are no burst.
/// </summary>
internal sealed partial class RecordUpkeep(
    HeldSessions held,
    EndedSessions ended,
    SessionVerification verification,
    IOwnershipDirectory directory,
    IClusterMembership membership,
    StoreDoubt doubt,
    IOptions<StickyRedisOptions> options,
    TimeProvider time,
    ILogger<RecordUpkeep> logger) : BackgroundService
{
    /// <summary>With the pause between two batches at most 5,000 scripts a second, some per cent of what one Redis can do.</summary>
    public const int BatchSize = 100;

    public static readonly TimeSpan PauseBetweenBatches = TimeSpan.FromMilliseconds(20);

    /// <summary>A quarter of what a record has left when its session is idle for as long as it may be: three rounds may fail.</summary>
    public static readonly TimeSpan PauseBetweenRounds = RedisOwnershipDirectory.RecordMargin / 4;

    /// <summary>When Redis went away in the middle of a round.</summary>
    public static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(5);

    /// <summary>All nodes notice at the same moment that Redis is back; they do not push at the same moment.</summary>
    public static readonly TimeSpan LongestDelayOfAPush = TimeSpan.FromSeconds(1);

    private readonly Alarm _doubted = new(time);
    private volatile bool _mustPush;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.Configuration is null)
        {
            return Task.CompletedTask; // without a store there are no records
        }

        membership.StoreDoubted += OnDoubt;
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = Jittered(PauseBetweenRounds);
        var mustLookAgain = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await _doubted.WaitAsync(pause, stoppingToken))
                {
                    mustLookAgain = true;
                    await Task.Delay(Random.Shared.NextDouble() * LongestDelayOfAPush, time, stoppingToken);
                }
                else if (mustLookAgain && !doubt.IsRecent)
                {
                    mustLookAgain = false;
                    held.DoubtAll();
                }

                await RunRoundAsync(stoppingToken);
                pause = mustLookAgain ? doubt.Lasts : Jittered(PauseBetweenRounds);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (DirectoryUnavailableException)
            {
                // The beats say so already.
                pause = Jittered(PauseAfterFailure);
            }
            catch (Exception unexpected)
            {
                LogFailed(unexpected);
                pause = Jittered(PauseAfterFailure);
            }
        }

        membership.StoreDoubted -= OnDoubt;
    }

    private async Task RunRoundAsync(CancellationToken cancellationToken)
    {
        if (!membership.IsJoined)
        {
            throw new DirectoryUnavailableException("This node has no place in the cluster now; it speaks for no session.");
        }

        if (_mustPush)
        {
            _mustPush = false;
            try
            {
                await InBatchesAsync(ended.All(), grave => directory.EndAsync(grave.Session, grave.Epoch - 1, grave.KeepFor, cancellationToken).AsTask(), cancellationToken);
            }
            catch
            {
                _mustPush = true;
                throw;
            }
        }

        // A session at its first epoch has no record that could be lost or expire, unless it was learnt. One that was this node's own before it was declared gone is so
        // again once it has claimed it, and not by a record that it writes itself.
        await InBatchesAsync(
            held.All().Where(session => session.HasRecord && !session.IsClosed && !held.IsOfEarlierTerm(session)),
            session => verification.ConfirmAsync(session, cancellationToken),
            cancellationToken);
    }

    private async Task InBatchesAsync<T>(IEnumerable<T> all, Func<T, Task> runAsync, CancellationToken cancellationToken)
    {
        foreach (var batch in all.Chunk(BatchSize))
        {
            await Task.WhenAll(batch.Select(runAsync));
            await Task.Delay(PauseBetweenBatches, time, cancellationToken);
        }
    }

    private void OnDoubt()
    {
        doubt.Arise();
        held.DoubtAll();
        _mustPush = true;
        _doubted.Ring();
    }

    private static TimeSpan Jittered(TimeSpan pause) => pause * (0.9 + (0.2 * Random.Shared.NextDouble()));

    [LoggerMessage(StickyEventIds.Ownership + 2, LogLevel.Error, "Keeping the records of sessions failed; it goes on")]
    private partial void LogFailed(Exception exception);
}
