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
    private readonly long _deadline;

    /// <summary>
    /// Bits 0–30: requests running. Bit 31: closed. Above: how often the session was entered, so that an expiry decided before
    /// a request came and went does not take effect after it.
    /// </summary>
    private long _state;

    private long _lastUsed;
    private uint _epoch;
    private int _term;
    private volatile bool _isEnded;
    private volatile bool _isLost;

    /// <param name="id">The session.</param>
    /// <param name="epoch">At which epoch this node owns it.</param>
    /// <param name="created">When the session began, at whichever owner.</param>
    /// <param name="now">The present timestamp.</param>
    /// <param name="idleTicks">After how many timestamp ticks without a request it expires.</param>
    /// <param name="deadline">The timestamp of its absolute timeout.</param>
    public HeldSession(SessionId id, uint epoch, DateTimeOffset created, long now, long idleTicks, long deadline)
    {
        Id = id;
        _epoch = epoch;
        Created = created;
        _lastUsed = now;
        _idleTicks = idleTicks;
        _deadline = deadline;
    }

    public SessionId Id { get; }

    /// <summary>Whether nobody is served in it once this node's lease has run out.</summary>
    public bool PrefersConsistency { get; init; }

    public RunningRequests Requests { get; } = new();

    public DateTimeOffset Created { get; }

    /// <summary>What the floor above hands to the application for this session, made once. Written by whichever request comes first.</summary>
    public object? Feature { get; set; }

    public uint Epoch => Volatile.Read(ref _epoch);

    /// <summary>In which term of this node's lease it became, or was last confirmed to be, this node's own.</summary>
    public int Term
    {
        get => Volatile.Read(ref _term);
        init => _term = value;
    }

    public int Running => (int)(Volatile.Read(ref _state) & RunningMask);

    public bool IsEnded => _isEnded;

    /// <summary>Whether another node owns it. What runs in it may not be answered any more.</summary>
    public bool IsLost => _isLost;

    public bool IsClosed => (Volatile.Read(ref _state) & Closed) != 0;

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
    /// <returns>Whether it is of no use any more. One that was ended is, until it expires: it refuses whoever comes back.</returns>
    public bool TryExpire(long now)
    {
        if (IsPastDeadline(now))
        {
            Close();
            return true;
        }

        var state = Volatile.Read(ref _state);
        return (state & RunningMask) == 0 && IsIdle(now)
            ? Interlocked.CompareExchange(ref _state, state | Closed, state) == state
            : (state & Closed) != 0 && !_isEnded;
    }

    /// <summary>This same process claimed its session again (under a new tag), and nobody owned it in between.</summary>
    public bool TryRaiseEpoch(uint epoch) => Interlocked.CompareExchange(ref _epoch, epoch, epoch - 1) == epoch - 1;

    /// <summary>The cluster has confirmed that this node owned it when the term began.</summary>
    public void Confirm(int term)
    {
        var known = Term;
        while (known < term && Interlocked.CompareExchange(ref _term, term, known) != known)
        {
            known = Term;
        }
    }

    /// <summary>
    /// Nobody enters any more; what runs may finish. The session stays in the table, as ended, until it would have expired: this
    /// bridges the time until its tombstone is written.
    /// </summary>
    public void End()
    {
        _isEnded = true;
        Close();
    }

    /// <summary>The session has another owner: nobody enters any more, and what runs is ended.</summary>
    public void Lose()
    {
        // In this order: a response that begins from now on sees it, and one that has begun is among the requests.
        _isLost = true;
        Close();
        Requests.AbortAll();
    }

    /// <summary>Nobody enters any more; what runs may finish.</summary>
    public void Close() => Interlocked.Or(ref _state, Closed);

    private bool IsIdle(long now) => now - Volatile.Read(ref _lastUsed) >= _idleTicks;
}
