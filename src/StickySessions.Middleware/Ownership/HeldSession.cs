using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// A session in this node's memory. Requests enter and exit it; it can be closed only once, and from then on nobody enters.
/// Lock-free and safe for concurrent use.
/// </summary>
internal sealed class HeldSession
{
    private const long Closed = 1L << 31;
    private const long RunningMask = Closed - 1;
    private const long OneEntry = 1L << 32;

    private readonly long _idleTicks;
    private readonly long _firstRequestTicks;
    private readonly long _deadline;

    /// <summary>
    /// Bits 0–30: requests running. Bit 31: closed. Above: how often the session was entered, so that an expiry decided before
    /// a request came and went does not take effect after it.
    /// </summary>
    private long _state;

    private long _lastUsed;
    private uint _epoch;
    private volatile bool _isEnded;

    /// <param name="id">The session.</param>
    /// <param name="epoch">At which epoch this node owns it.</param>
    /// <param name="created">When the session began, at whichever owner.</param>
    /// <param name="now">The present timestamp.</param>
    /// <param name="idleTicks">After how many timestamp ticks without a request it expires.</param>
    /// <param name="deadline">The timestamp of its absolute timeout.</param>
    /// <param name="firstRequestTicks">After how many timestamp ticks it may expire if no second request has come.</param>
    public HeldSession(
        SessionId id, uint epoch, DateTimeOffset created, long now, long idleTicks, long deadline, long firstRequestTicks = long.MaxValue)
    {
        Id = id;
        _epoch = epoch;
        Created = created;
        _lastUsed = now;
        _idleTicks = idleTicks;
        _deadline = deadline;
        _firstRequestTicks = firstRequestTicks;
    }

    public SessionId Id { get; }

    public DateTimeOffset Created { get; }

    /// <summary>What the floor above hands to the application for this session, made once. Written by whichever request comes first.</summary>
    public object? Feature { get; set; }

    public uint Epoch => Volatile.Read(ref _epoch);

    public int Running => (int)(Volatile.Read(ref _state) & RunningMask);

    public bool IsEnded => _isEnded;

    public bool IsClosed => (Volatile.Read(ref _state) & Closed) != 0;

    /// <summary>Whether only one request has ever come: its client may ignore cookies. One that was claimed had others, at its former owner.</summary>
    public bool IsOnFirstRequest => Volatile.Read(ref _state) >> 32 == 1 && Epoch == 1;

    /// <summary>Whether the session may not be entered any more at this moment, though nobody has closed it yet.</summary>
    public bool IsExpired(long now) => IsPastDeadline(now) || (Running == 0 && IsIdle(now));

    public bool IsPastDeadline(long now) => now >= _deadline;

    public bool TryEnter()
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            if ((state & Closed) != 0)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _state, unchecked(state + OneEntry + 1), state) == state)
            {
                return true;
            }
        }
    }

    /// <summary>A request has left. Touched before it is counted out: whoever sees it gone sees the touch.</summary>
    public void Exit(long now)
    {
        Volatile.Write(ref _lastUsed, now);
        Interlocked.Decrement(ref _state);
    }

    /// <summary>Closes the session if it has expired: idle with nobody in it, or too old.</summary>
    /// <param name="now">The present timestamp.</param>
    /// <param name="isCrowded">Whether a session on its first request expires early.</param>
    /// <returns>Whether it is of no use any more. One that was ended is, until it expires: it refuses whoever comes back.</returns>
    public bool TryExpire(long now, bool isCrowded = false)
    {
        if (IsPastDeadline(now))
        {
            Close();
            return true;
        }

        var state = Volatile.Read(ref _state);
        return (state & RunningMask) == 0 && (IsIdle(now) || (isCrowded && IsIdleOnFirstRequest(now)))
            ? Interlocked.CompareExchange(ref _state, state | Closed, state) == state
            : (state & Closed) != 0 && !_isEnded;
    }

    /// <summary>This same process claimed its session again (under a new tag), and nobody owned it in between.</summary>
    public bool TryRaiseEpoch(uint epoch) => Interlocked.CompareExchange(ref _epoch, epoch, epoch - 1) == epoch - 1;

    /// <summary>
    /// Nobody enters any more; what runs may finish. The session stays in the table, as ended, until it would have expired: this
    /// bridges the time until its tombstone is written.
    /// </summary>
    public void End()
    {
        _isEnded = true;
        Close();
    }

    /// <summary>The session has another owner: nobody enters any more.</summary>
    public void Lose() => Close();

    private bool IsIdle(long now) => now - Volatile.Read(ref _lastUsed) >= _idleTicks;

    private bool IsIdleOnFirstRequest(long now) => IsOnFirstRequest && now - Volatile.Read(ref _lastUsed) >= _firstRequestTicks;

    private void Close() => Interlocked.Or(ref _state, Closed);
}
