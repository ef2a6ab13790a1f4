using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StickySessions.Diagnostics;
using StickySessions.Ownership;

namespace StickySessions.State;

/// <summary>
/// Stores the state of sessions behind their responses: each at most once for as long as a change may wait, however often it changes. What cannot be
/// stored now is tried again.
/// </summary>
internal sealed partial class WriteBehind(
    StateWriter writer, IOptions<StickySessionStateOptions> options, TimeProvider time, ILogger<WriteBehind> logger) : BackgroundService
{
    /// <summary>So many writes are under way at once, on one connection.</summary>
    private const int AtOnce = 64;

    private readonly Channel<Due> _waiting = Channel.CreateUnbounded<Due>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>Has a session stored that has changed, soon. It costs one look if it waits already.</summary>
    public void Add(HeldSession session)
    {
        if (session.Memory is LiveState state && state.WaitsToBeStored())
        {
            _waiting.Writer.TryWrite(new Due(session, state, time.GetTimestamp()));
        }
    }

    /// <summary>Stores all that waits, now. What cannot be stored waits again.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        var waiting = new List<Due>();
        while (_waiting.Reader.TryRead(out var due))
        {
            waiting.Add(due);
        }

        var settings = new ParallelOptions { MaxDegreeOfParallelism = AtOnce };
        await Parallel.ForEachAsync(waiting, settings, async (due, _) =>
        {
            if (cancellationToken.IsCancellationRequested)
            {
                _waiting.Writer.TryWrite(due);
            }
            else
            {
                await StoreAsync(due);
            }
        });
    }

    /// <summary>The server has stopped by now, and with it what changes sessions: what still waits is stored before the process ends.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await FlushAsync(cancellationToken);
    }

    private async Task StoreAsync(Due due)
    {
        // In this order: what changes while it is written waits anew.
        due.State.WaitsNoMore();
        if (due.Session.IsClosed)
        {
            // It has expired, or another node has it.
            return;
        }

        try
        {
            if (await writer.StoreAsync(due.Session, due.State) is { } reason && !due.Session.IsLost && !due.Session.IsEnded)
            {
                NotStored(logger, due.Session.Id.ToString(), reason);
                Add(due.Session);
            }
        }
        catch (Exception unexpected)
        {
            Failed(logger, due.Session.Id.ToString(), unexpected);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await _waiting.Reader.WaitToReadAsync(stoppingToken))
            {
                if (!_waiting.Reader.TryPeek(out var oldest))
                {
                    continue;
                }

                var left = options.Value.MaxLag - time.GetElapsedTime(oldest.Since);
                if (left > TimeSpan.Zero)
                {
                    await Task.Delay(left, time, stoppingToken);
                }

                await FlushAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What waits now is stored as this stops.
        }
    }

    [LoggerMessage(StickyEventIds.State + 20, LogLevel.Warning, "The state of session {Session} is not stored yet: {Reason}. It is tried again.")]
    private static partial void NotStored(ILogger logger, string session, string reason);

    [LoggerMessage(StickyEventIds.State + 21, LogLevel.Error, "Storing the state of session {Session} failed; its next change stores it.")]
    private static partial void Failed(ILogger logger, string session, Exception exception);

    private readonly record struct Due(HeldSession Session, LiveState State, long Since);
}
