using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using StickySessions.Cluster;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>The sessions that this node holds in memory. Safe for concurrent use; entering and exiting allocates nothing.</summary>
internal sealed partial class HeldSessions(TimeProvider time, NodeLease? lease = null)
{
    private readonly NodeLease _lease = lease ?? NodeLease.Unlimited;
    private readonly ConcurrentDictionary<SessionId, HeldSession> _sessions = new();
    private readonly ConditionalWeakTable<StickyPolicy, HeldPolicy> _policies = [];
    private readonly GivenAwaySessions _givenAway = new(time);
    private int _count;
    private int _verification;

    /// <summary>A session that a record may tell of has idled out, or become too old, and has left the memory. Handlers must be quick and must not throw.</summary>
    public event Action<HeldSession>? Expired;

    /// <summary>Raised when a session has left this node's memory, for whatever reason. Handlers must be quick and must not throw.</summary>
    public event Action<HeldSession>? Removed;

    /// <summary>How many sessions are held; those that expired count until they are swept. Cheap, unlike the dictionary's own count.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>The present verification: sessions that were verified in an earlier one must be again.</summary>
    public int Verification => Volatile.Read(ref _verification);

    /// <summary>To be taken before a directory is asked about a session: its answer counts for this only.</summary>
    public AskedIn Asking() => new(_lease.Term, Verification);

    /// <summary>
    /// The store was away, or may have lost writes: whoever claimed a session meanwhile, this node has not heard of it. Each session is
    /// verified before its next use. That costs one comparison while all is well.
    /// </summary>
    public void DoubtAll() => Interlocked.Increment(ref _verification);

    /// <summary>
    /// Enters a session, unless it has expired or must be claimed again (see <see cref="IsOfEarlierTerm"/>). One held at a lower epoch than asked
    /// for has another owner and is dropped; one that is <see cref="EnterStatus.Unverified"/> is given, but not entered.
    /// </summary>
    public EnterStatus TryEnter(SessionId id, uint minEpoch, out HeldSession? held)
    {
        held = null;
        if (!_sessions.TryGetValue(id, out var found))
        {
            return EnterStatus.NotHeld;
        }

        var now = time.GetTimestamp();
        if (found.TryExpire(now))
        {
            RemoveExpired(found, now);
            return EnterStatus.NotHeld;
        }

        if (!found.IsEnded && IsOfEarlierTerm(found))
        {
            // This node itself may have claimed it under its new tag, and has not heard the answer yet.
            return EnterStatus.NotHeld;
        }

        if (!found.IsEnded && found.Epoch < minEpoch)
        {
            Drop(found);
            return EnterStatus.NotHeld;
        }

        if (found.VerifiedIn != Verification && !found.IsClosed)
        {
            held = found;
            return EnterStatus.Unverified;
        }

        held = found.TryEnter() ? found : null;
        return held is not null ? EnterStatus.Entered
            : found.IsEnded ? EnterStatus.Ended
            : found.IsClosed ? EnterStatus.NotHeld
            : EnterStatus.Moving; // or it was, a moment ago
    }

    /// <summary>Enters a session that the record has just confirmed, or that nobody can be asked about.</summary>
    public bool TryEnterUnverified(HeldSession held) => !held.IsExpired(time.GetTimestamp()) && held.TryEnter();

    /// <summary>The request is done with the session, which lives on for the idle timeout from now.</summary>
    public void Exit(HeldSession held) => held.Exit(time.GetTimestamp());

    /// <summary>
    /// Whether this node was declared gone since it owned the session for sure: others may have claimed it, so its memory is worth
    /// something only once this node has claimed it too.
    /// </summary>
    public bool IsOfEarlierTerm(HeldSession held) => held.Term != _lease.Term;

    /// <summary>
    /// The highest epoch at which this node holds a session, or has lately lost it or given it up; or 0. An answer that names this node as the owner
    /// at a lower epoch, or at the one that it has given away, is older than that; only a new claim makes the session its own again.
    /// </summary>
    public uint KnownUpTo(SessionId id) => Math.Max(_givenAway.UpTo(id), _sessions.TryGetValue(id, out var held) ? held.Epoch : 0);

    /// <summary>Another node owns the session: it leaves this node's memory, and what runs in it is aborted.</summary>
    public void Drop(HeldSession held) => Drop(held, held.Epoch);

    /// <inheritdoc cref="Drop(HeldSession)"/>
    /// <param name="held">The session.</param>
    /// <param name="ownedElsewhereAt">The epoch at which the other node owns it.</param>
    public void Drop(HeldSession held, uint ownedElsewhereAt)
    {
        // In this order: who adopts it once it is removed finds that it was given away.
        _givenAway.Add(held.Id, Math.Max(held.Epoch, ownedElsewhereAt));
        held.Lose();
        Remove(held);
    }

    /// <summary>Another node has taken the session over, and nothing runs in it here.</summary>
    /// <param name="held">The session.</param>
    /// <param name="epoch">The epoch at which the other node owns it.</param>
    public void GiveAway(HeldSession held, uint epoch)
    {
        // In this order: who adopts it once it is removed finds that it was given away. A hashed one has no epochs, and may come back by its token.
        if (!held.IsHashed)
        {
            _givenAway.Add(held.Id, epoch);
        }

        held.Close();
        Remove(held);
    }

    /// <summary>Somebody has seen the session at this epoch. If this node holds it at a lower one, that has been over for a while.</summary>
    public void DropBelow(SessionId id, uint seenEpoch)
    {
        if (_sessions.TryGetValue(id, out var held) && held.Epoch < seenEpoch && !held.IsEnded && !IsOfEarlierTerm(held))
        {
            Drop(held, seenEpoch);
        }
    }

    /// <summary>
    /// The directory says that the session has ended, here or elsewhere. That is remembered, or an answer from before would revive it.
    /// </summary>
    /// <param name="id">The session.</param>
    /// <param name="epoch">The epoch of its tombstone.</param>
    public void LearnEnded(SessionId id, uint epoch)
    {
        _givenAway.Add(id, epoch);
        if (_sessions.TryGetValue(id, out var held))
        {
            held.EndElsewhere();
        }
    }

    /// <summary>Nobody will ever ask for the session: it leaves this node's memory. What runs may finish.</summary>
    public void Forget(HeldSession held)
    {
        held.Close();
        Remove(held);
    }

    /// <summary>Another node holds the session too, and no epoch says which is right: what runs here is aborted. This node may come to hold it again.</summary>
    public void Yield(HeldSession held)
    {
        held.Lose();
        Remove(held);
    }

    /// <summary>Whether the memory may say more of a session than a token does. Costs one look into the table.</summary>
    public bool MayKnow(SessionId id) => _sessions.ContainsKey(id);

    /// <summary>Looks without entering. A session that expired and was not swept yet is not found.</summary>
    public HeldSession? Find(SessionId id)
        => _sessions.TryGetValue(id, out var held) && (held.IsEnded || !(held.IsClosed || held.IsExpired(time.GetTimestamp()))) ? held : null;

    /// <summary>All sessions, without locking the table; those that come or go meanwhile may or may not be seen.</summary>
    public IEnumerable<HeldSession> All() => _sessions.Select(pair => pair.Value);

    /// <summary>Removes the session if it has expired; otherwise it keeps only what it needs.</summary>
    public void Expire(HeldSession held, long now, bool isCrowded = false)
    {
        if (held.TryExpire(now, isCrowded))
        {
            RemoveExpired(held, now);
        }
        else
        {
            held.Trim(now);
        }
    }

    /// <summary>Removes a session if it has expired and was not swept yet.</summary>
    public void ExpireIfDue(SessionId id)
    {
        if (_sessions.TryGetValue(id, out var held))
        {
            Expire(held, time.GetTimestamp());
        }
    }

    /// <summary>Where others own it, or it has ended, the record is not this node's. And what leaves a crowd early has a record, if any, to come back to.</summary>
    private void RemoveExpired(HeldSession held, long now)
    {
        Remove(held);
        if (held.MayHaveRecord && held is { IsLost: false, IsEnded: false } && held.IsExpired(now))
        {
            Expired?.Invoke(held);
        }
    }

    private void Remove(HeldSession held)
    {
        // Only this very one: meanwhile its id may be held anew.
        if (_sessions.TryRemove(KeyValuePair.Create(held.Id, held)))
        {
            Interlocked.Decrement(ref _count);
            Removed?.Invoke(held);
        }
    }
}
