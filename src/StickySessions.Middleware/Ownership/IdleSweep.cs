using Microsoft.Extensions.Hosting;

namespace StickySessions.Ownership;

/// <summary>
/// Frees the memory of sessions that expired without a further request. Works in slices with pauses between them, so that the
/// expiry of very many sessions at once delays no request.
/// </summary>
internal sealed class IdleSweep(HeldSessions sessions, TimeProvider time) : IHostedService, IDisposable
{
    /// <summary>Well under a millisecond of work.</summary>
    public const int SliceSize = 2_000;

    public static readonly TimeSpan PauseBetweenSlices = TimeSpan.FromMilliseconds(20);

    public static readonly TimeSpan PauseBetweenRounds = TimeSpan.FromSeconds(5);

    private ITimer? _timer;

    /// <summary>Where the round under way stands. Only the timer's callback touches it, and that never runs twice at a time.</summary>
    private IEnumerator<HeldSession>? _round;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        // Armed only after the field is set, since the callback arms it again.
        _timer = time.CreateTimer(static sweep => ((IdleSweep)sweep!).SweepSlice(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(PauseBetweenRounds, Timeout.InfiniteTimeSpan);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => _timer?.Dispose();

    private void SweepSlice()
    {
        _round ??= sessions.All().GetEnumerator();
        var now = time.GetTimestamp();
        for (var i = 0; i < SliceSize; i++)
        {
            if (!_round.MoveNext())
            {
                _round.Dispose();
                _round = null;
                _timer!.Change(PauseBetweenRounds, Timeout.InfiniteTimeSpan);
                return;
            }

            sessions.Expire(_round.Current, now);
        }

        _timer!.Change(PauseBetweenSlices, Timeout.InfiniteTimeSpan);
    }
}
