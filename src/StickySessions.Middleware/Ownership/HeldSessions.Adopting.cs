using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <content>How sessions come into this node's memory.</content>
internal sealed partial class HeldSessions
{
    /// <summary>
    /// Holds a session that this node owns from now on, new or claimed, and enters it. Of concurrent callers all enter the same
    /// one. Memory of an earlier epoch is dropped, except of the epoch just before: then nobody else owned it in between.
    /// </summary>
    /// <returns><see cref="EnterStatus.NotHeld"/> if this node knows an epoch that makes the claim worth nothing: see <see cref="KnownUpTo"/>.</returns>
    public EnterStatus Adopt(SessionId id, SessionClaim claim, DateTimeOffset created, StickyPolicy policy, out HeldSession? held)
        => Adopt(id, claim, created, policy, Asking(), out held);

    /// <inheritdoc cref="Adopt(SessionId, SessionClaim, DateTimeOffset, StickyPolicy, out HeldSession?)"/>
    /// <param name="id">The session.</param>
    /// <param name="claim">The claim that the directory has confirmed.</param>
    /// <param name="created">When the session began, at whichever owner.</param>
    /// <param name="policy">The policy that it falls under.</param>
    /// <param name="asked">What held when the directory was asked.</param>
    /// <param name="held">The session, entered.</param>
    /// <param name="stored">What the record has of its state. What this node itself has kept of it is never older.</param>
    public EnterStatus Adopt(
        SessionId id, SessionClaim claim, DateTimeOffset created, StickyPolicy policy, in AskedIn asked, out HeldSession? held, StoredState stored = default)
    {
        while (true)
        {
            if (!_sessions.TryGetValue(id, out held))
            {
                held = New(id, claim, created, policy, asked, stored);
                held.TryEnter();
                if (_sessions.TryAdd(id, held))
                {
                    Interlocked.Increment(ref _count);
                    if (claim.Epoch > _givenAway.UpTo(id))
                    {
                        return EnterStatus.Entered;
                    }

                    // Looked at last: whoever gives it away says so first and then removes it.
                    Yield(held);
                    held = null;
                    return EnterStatus.NotHeld;
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
            else if (held.Epoch > claim.Epoch && IsOfEarlierTerm(held))
            {
                // Redis has lost what this node knows; only a claim above it makes it this node's own again.
                held = null;
                return EnterStatus.NotHeld;
            }
            else if (IsStale(held, claim) || (held.Epoch < claim.Epoch && !held.TryRaiseEpoch(claim)))
            {
                Drop(held);
            }
            else if (held.IsMoving && !held.IsClosed)
            {
                held = null;
                return EnterStatus.Moving;
            }
            else if (held.TryEnter())
            {
                held.Verify(claim, asked.Verification);
                if (held.Epoch == claim.Epoch)
                {
                    held.Confirm(asked.Term);
                }

                return EnterStatus.Entered;
            }
        }
    }

    /// <summary>Holds a session that no request has entered yet, unless this node knows an epoch that makes the claim worth nothing.</summary>
    /// <returns>Whether this node holds it now.</returns>
    public bool HoldIdle(SessionId id, SessionClaim claim, DateTimeOffset created, StickyPolicy policy, in AskedIn asked, in StoredState stored = default)
    {
        if (!_sessions.ContainsKey(id) && claim.Epoch > _givenAway.UpTo(id) && _sessions.TryAdd(id, New(id, claim, created, policy, asked, stored)))
        {
            Interlocked.Increment(ref _count);
            return true;
        }

        if (Adopt(id, claim, created, policy, asked, out var held, stored) != EnterStatus.Entered)
        {
            return false;
        }

        Exit(held!);
        return held!.Epoch == claim.Epoch;
    }

    /// <summary>This process has claimed a session again that it holds. If another owned it in between, its memory is stale and is dropped.</summary>
    public void Keep(HeldSession held, SessionClaim claim, in AskedIn asked)
    {
        if (!IsStale(held, claim) && (held.Epoch == claim.Epoch || held.TryRaiseEpoch(claim)))
        {
            held.Verify(claim, asked.Verification);
            held.Confirm(asked.Term);
        }
        else if (held.Epoch <= claim.Epoch)
        {
            Drop(held);
        }
    }

    /// <summary>
    /// Whether it is from an earlier term and was claimed anew at the epoch that it had: Redis has lost its record since, and with it maybe that of another
    /// owner in between.
    /// </summary>
    private bool IsStale(HeldSession held, SessionClaim claim) => held.Epoch == claim.Epoch && held.Claim != claim && IsOfEarlierTerm(held);

    private HeldSession New(SessionId id, SessionClaim claim, DateTimeOffset created, StickyPolicy policy, in AskedIn asked, in StoredState stored = default)
    {
        var now = time.GetTimestamp();
        if (created == default)
        {
            // The application's own token does not say when its session began.
            created = time.GetUtcNow();
        }

        var remaining = created + policy.AbsoluteTimeout - time.GetUtcNow();
        return new HeldSession(
            id,
            claim,
            created,
            now,
            _policies.GetValue(policy, one => new HeldPolicy(one, time.TimestampFrequency)),
            now + HeldPolicy.Ticks(remaining, time.TimestampFrequency),
            asked.Verification)
        {
            Memory = stored.Version > 0 ? new StoredMemory(stored) : null,
            Term = asked.Term,
        };
    }
}
