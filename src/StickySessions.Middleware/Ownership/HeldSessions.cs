using System.Collections.Concurrent;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>The sessions that this node holds in memory. Safe for concurrent use; entering and exiting allocates nothing.</summary>
internal sealed class HeldSessions(TimeProvider time)
{
    private readonly ConcurrentDictionary<SessionId, HeldSession> _sessions = new();
    private int _count;

    /// <summary>How many sessions are held; those that expired count until they are swept. Cheap, unlike the dictionary's own count.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Enters a session, unless it has expired. One held at a lower epoch than asked for has another owner and is dropped.</summary>
    public EnterStatus TryEnter(SessionId id, uint minEpoch, out HeldSession? held)
    {
        held = null;
        if (!_sessions.TryGetValue(id, out var found))
        {
            return EnterStatus.NotHeld;
        }

        if (found.TryExpire(time.GetTimestamp()))
        {
            Remove(found);
            return EnterStatus.NotHeld;
        }

        if (found.Epoch < minEpoch && !found.IsEnded)
        {
            Drop(found);
            return EnterStatus.NotHeld;
        }

        if (found.TryEnter())
        {
            held = found;
            return EnterStatus.Entered;
        }

        return found.IsEnded ? EnterStatus.Ended : EnterStatus.NotHeld;
    }

    /// <summary>
    /// Holds a session that this node owns from now on, new or claimed, and enters it. Of concurrent callers all enter the same
    /// one. Memory of an earlier epoch is dropped, except of the epoch just before: then nobody else owned it in between.
    /// </summary>
    /// <returns>Never <see cref="EnterStatus.NotHeld"/>.</returns>
    public EnterStatus Adopt(SessionId id, uint epoch, DateTimeOffset created, StickyPolicy policy, out HeldSession? held)
    {
        while (true)
        {
            if (!_sessions.TryGetValue(id, out held))
            {
                held = NewlyEntered(id, epoch, created, policy);
                if (_sessions.TryAdd(id, held))
                {
                    Interlocked.Increment(ref _count);
                    return EnterStatus.Entered;
                }
            }
            else if (held.TryExpire(time.GetTimestamp()))
            {
                Remove(held);
            }
            else if (held.IsEnded)
            {
                held = null;
                return EnterStatus.Ended;
            }
            else if (held.Epoch < epoch && !held.TryRaiseEpoch(epoch))
            {
                Drop(held);
            }
            else if (held.TryEnter())
            {
                return EnterStatus.Entered;
            }
        }
    }

    /// <summary>The request is done with the session, which lives on for the idle timeout from now.</summary>
    public void Exit(HeldSession held) => held.Exit(time.GetTimestamp());

    /// <summary>Another node owns the session: it leaves this node's memory. What runs may finish.</summary>
    public void Drop(HeldSession held)
    {
        held.Lose();
        Remove(held);
    }

    /// <summary>Looks without entering. A session that expired and was not swept yet is not found.</summary>
    public HeldSession? Find(SessionId id)
        => _sessions.TryGetValue(id, out var held) && (held.IsEnded || !(held.IsClosed || held.IsExpired(time.GetTimestamp()))) ? held : null;

    /// <summary>All sessions, without locking the table; those that come or go meanwhile may or may not be seen.</summary>
    public IEnumerable<HeldSession> All() => _sessions.Select(pair => pair.Value);

    /// <summary>Removes the session if it has expired.</summary>
    public void Expire(HeldSession held, long now, bool isCrowded = false)
    {
        if (held.TryExpire(now, isCrowded))
        {
            Remove(held);
        }
    }

    private void Remove(HeldSession held)
    {
        // Only this very one: meanwhile its id may be held anew.
        if (_sessions.TryRemove(KeyValuePair.Create(held.Id, held)))
        {
            Interlocked.Decrement(ref _count);
        }
    }

    private HeldSession NewlyEntered(SessionId id, uint epoch, DateTimeOffset created, StickyPolicy policy)
    {
        var now = time.GetTimestamp();
        var remaining = created + policy.AbsoluteTimeout - time.GetUtcNow();
        var held = new HeldSession(id, epoch, created, now, Ticks(policy.IdleTimeout), now + Ticks(remaining), Ticks(policy.FirstRequestTimeout));
        held.TryEnter();
        return held;
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}
