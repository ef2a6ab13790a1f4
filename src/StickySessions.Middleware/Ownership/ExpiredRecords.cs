using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StickySessions.Diagnostics;
using StickySessions.Redis;

namespace StickySessions.Ownership;

/// <summary>
/// Withdraws the records of sessions that have expired, in small batches with pauses between them: their state must not come back, at whichever node, and
/// Redis need not keep it. One that is asked for meanwhile is not waited for here: see <see cref="RedisOwnershipDirectory"/>.
/// </summary>
internal sealed partial class ExpiredRecords(
    ExpiredSessions expired, IOwnershipDirectory directory, IOptions<StickyRedisOptions> options, TimeProvider time, ILogger<ExpiredRecords> logger) : BackgroundService
{
    public static readonly TimeSpan PauseBetweenRounds = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.Configuration is null)
        {
            return; // without a store there are no records
        }

        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = PauseBetweenRounds;
            try
            {
                foreach (var batch in expired.All().Chunk(RecordUpkeep.BatchSize))
                {
                    await Task.WhenAll(batch.Select(session => directory.WithdrawExpiredAsync(session, stoppingToken).AsTask()));
                    await Task.Delay(RecordUpkeep.PauseBetweenBatches, time, stoppingToken);
                }

                await Task.Delay(pause, time, stoppingToken);
                continue;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (DirectoryUnavailableException)
            {
                // The beats say so already.
                pause = RecordUpkeep.PauseAfterFailure;
            }
            catch (Exception unexpected)
            {
                LogFailed(unexpected);
                pause = RecordUpkeep.PauseAfterFailure;
            }

            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(StickyEventIds.Ownership + 6, LogLevel.Error, "Withdrawing the records of expired sessions failed; it goes on")]
    private partial void LogFailed(Exception exception);
}
