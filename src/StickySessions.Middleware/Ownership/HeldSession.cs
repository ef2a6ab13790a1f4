using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// A session in this node's memory. Requests enter and exit it; it can be closed only once, and from then on nobody enters.
/// Lock-free and safe for concurrent use.
/// </summary>
internal sealed class HeldSession
{
    private const long Closed = 1L << 31;
    private const long Moving = 1L << 30;
    private const long RunningMask = Moving - 1;
    private const long OneEntry = 1L << 32;

    private readonly HeldPolicy _policy;
    private readonly long _created;
    private readonly long _deadline;

    /// <summary>
    /// Bits 0–29: requests running. Bit 30: on its way to another node. Bit 31: closed. Above: how often the session was entered, so that an expiry decided before
    /// a request came and went does not take effect after it.
    /// </summary>
    private long _state;

    private long _lastUsed;
    private SessionClaim _claim;
    private int _term;
    private int _verifiedIn;
    private volatile bool _isEnded;
    private volatile bool _isEndRecorded;
    private volatile bool _isLost;
    private SessionMemory? _memory;

    /// <param name="id">The session.</param>
    /// <param name="claim">The claim under which this node owns it.</param>
    /// <param name="created">When the session began, at whichever owner.</param>
    /// <param name="now">The present timestamp.</param>
    /// <param name="policy">The policy that it began under, or was taken over under.</param>
    /// <param name="deadline">The timestamp of its absolute timeout.</param>
    /// <param name="verifiedIn">The last verification that it needs no more.</param>
    public HeldSession(SessionId id, SessionClaim claim, DateTimeOffset created, long now, HeldPolicy policy, long deadline, int verifiedIn = 0)
    {
        Id = id;
        _claim = claim;
        _verifiedIn = verifiedIn;
        _created = created.UtcTicks;
        _lastUsed = now;
        _policy = policy;
        _deadline = deadline;
    }

    public SessionId Id { get; }

    /// <summary>Whether nobody is served in it once this node's lease has run out.</summary>
    public bool PrefersConsistency => _policy.Policy.PrefersConsistency;

    /// <summary>Whether its token says nothing of its owner, and no record does: who holds it owns it.</summary>
    public bool IsHashed => _policy.Policy.Method == StickyMethod.Hash;

    public RunningRequests Requests { get; } = new();

    public DateTimeOffset Created => new(_created, TimeSpan.Zero);

    /// <summary>What the floor above hands to the application for this session, made once. Written by whichever request comes first.</summary>
    public object? Feature { get; set; }

    /// <summary>The name of the policy that it began under, or was taken over under.</summary>
    public string Policy => _policy.Policy.Name;

    /// <summary>What of the session's state outlives its owner.</summary>
    public SessionDurability Durability => _policy.Policy.Durability;

    /// <summary>Its state, if it has any.</summary>
    public SessionMemory? Memory
    {
        get => Volatile.Read(ref _memory);
        init => _memory = value;
    }

    /// <summary>Whether a store has, or should have, a record of it.</summary>
    public bool HasRecord => Claim.HasRecord || Memory is { Stored: > 0 };

    /// <summary>As <see cref="HasRecord"/>, or a write may have made one whose outcome was never known.</summary>
    public bool MayHaveRecord => !IsHashed && (HasRecord || (Durability != SessionDurability.None && Memory is not null));

    /// <summary>The claim under which this node owns the session: what it writes is fenced by it.</summary>
    public SessionClaim Claim => Volatile.Read(ref _claim);

    public uint Epoch => Claim.Epoch;

    /// <summary>The last verification in which the session was found to be this node's own: see <see cref="HeldSessions.DoubtAll"/>.</summary>
    public int VerifiedIn => Volatile.Read(ref _verifiedIn);

    /// <summary>In which term of this node's lease it became, or was last confirmed to be, this node's own.</summary>
    public int Term
    {
        get => Volatile.Read(ref _term);
        init => _term = value;
    }

    public int Running => (int)(Volatile.Read(ref _state) & RunningMask);

    public bool IsEnded => _isEnded;

    /// <summary>Whether there is a tombstone of it, or need not be one of this node's making.</summary>
    public bool IsEndRecorded => _isEndRecorded;

    /// <summary>Whether another node owns it. What runs in it may not be answered any more.</summary>
    public bool IsLost => _isLost;

    /// <summary>Whether nobody enters for now, since it is on its way to another node.</summary>
    public bool IsMoving => (Volatile.Read(ref _state) & Moving) != 0;

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
            if ((state & (Closed | Moving)) != 0)
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
        return (state & (RunningMask | Moving)) == 0 && (IsIdle(now) || (isCrowded && IsIdleOnFirstRequest(now)))
            ? Interlocked.CompareExchange(ref _state, state | Closed, state) == state
            : (state & Closed) != 0 && !_isEnded;
    }

    /// <summary>If nobody has used it for a while, it lets go of what its requests share. The next one makes that anew.</summary>
    public void Trim(long now)
    {
        // A request that comes at this very moment may have an object that later ones do not share; it says the same of the session.
        if (Running == 0 && now - Volatile.Read(ref _lastUsed) >= _policy.UnusedTicks)
        {
            Feature = null;
            Requests.Trim();
        }
    }

    /// <summary>Puts another memory in place of the one that the caller saw.</summary>
    /// <returns>The memory that is there now: of concurrent callers the first one's.</returns>
    public SessionMemory ReplaceMemory(SessionMemory? seen, SessionMemory memory)
    {
        var before = Interlocked.CompareExchange(ref _memory, memory, seen);
        return before == seen ? memory : before!;
    }

    /// <summary>This same process claimed its session again (under a new tag), and nobody owned it in between.</summary>
    public bool TryRaiseEpoch(SessionClaim claim)
    {
        var before = Claim;
        return before.Epoch == claim.Epoch - 1 && Interlocked.CompareExchange(ref _claim, claim, before) == before;
    }

    /// <summary>Nobody enters for now.</summary>
    /// <param name="evenIfInUse">Whether to do that though requests run; otherwise only if none does.</param>
    /// <returns>Whether this call did it.</returns>
    public bool TryBeginMove(bool evenIfInUse)
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            if ((state & (Closed | Moving)) != 0 || (!evenIfInUse && (state & RunningMask) != 0))
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _state, state | Moving, state) == state)
            {
                return true;
            }
        }
    }

    /// <summary>It stays here after all.</summary>
    public void EndMove() => Interlocked.And(ref _state, ~Moving);

    /// <summary>The directory has just named this node as the owner, by this claim unless it has made a later one meanwhile.</summary>
    public void Verify(SessionClaim claim, int verification)
    {
        var before = Claim;
        if (before.Epoch == claim.Epoch && before != claim)
        {
            // Redis had forgotten the claim, and this node made it once more.
            Interlocked.CompareExchange(ref _claim, claim, before);
        }

        // Answers may come in another order than they were asked for in.
        var known = VerifiedIn;
        while (known < verification && Interlocked.CompareExchange(ref _verifiedIn, verification, known) != known)
        {
            known = VerifiedIn;
        }
    }

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

    /// <summary>Whoever asks for it now may be told that it has ended.</summary>
    public void EndIsRecorded() => _isEndRecorded = true;

    /// <summary>
    /// Another node has ended the session: as <see cref="End"/>, and what runs is ended too. What runs in one that was ended here may finish.
    /// </summary>
    public void EndElsewhere()
    {
        _isEndRecorded = true;
        if (!_isEnded)
        {
            _isEnded = true;
            Lose();
        }
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

    private bool IsIdle(long now) => now - Volatile.Read(ref _lastUsed) >= _policy.IdleTicks;

    private bool IsIdleOnFirstRequest(long now) => IsOnFirstRequest && now - Volatile.Read(ref _lastUsed) >= _policy.FirstRequestTicks;
}
