using Microsoft.Extensions.Hosting;

namespace StickySessions.Ownership;

/// <summary>
/// Frees the memory of sessions that expired without a further request. Works in slices with pauses between them, so that the
/// expiry of very many sessions at once delays no request. While very many sessions had no second request, as clients that ignore cookies leave
/// them behind, those expire early.
/// </summary>
internal sealed class IdleSweep(HeldSessions sessions, TimeProvider time) : IHostedService, IDisposable
{
    /// <summary>Well under a millisecond of work.</summary>
    public const int SliceSize = 2_000;

    public static readonly TimeSpan PauseBetweenSlices = TimeSpan.FromMilliseconds(20);

    public static readonly TimeSpan PauseBetweenRounds = TimeSpan.FromSeconds(5);

    /// <summary>Above that many sessions on their first request a node is crowded with them.</summary>
    public const int Crowd = 10_000;

    private ITimer? _timer;

    /// <summary>Where the round under way stands. Only the timer's callback touches it, and that never runs twice at a time.</summary>
    private IEnumerator<HeldSession>? _round;

    private int _onFirstRequest;
    private bool _isCrowded;

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
                _isCrowded = _onFirstRequest > Crowd;
                _onFirstRequest = 0;
                _timer!.Change(PauseBetweenRounds, Timeout.InfiniteTimeSpan);
                return;
            }

            _onFirstRequest += _round.Current.IsOnFirstRequest ? 1 : 0;
            sessions.Expire(_round.Current, now, _isCrowded);
        }

        _timer!.Change(PauseBetweenSlices, Timeout.InfiniteTimeSpan);
    }
}
