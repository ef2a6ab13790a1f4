using StickySessions.Cluster;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// Which of two nodes goes on with a hashed session that both have begun: the one where it began earlier, as it holds more of what the client did, else the
/// one that joined earlier. Both find the same, whatever they think is its home. Safe for concurrent use.
/// </summary>
internal sealed class SessionDoubles(HeldSessions held, KnownOwners known, IClusterMembership membership, TimeProvider time)
{
    private readonly KnownOwners _yielded = new();

    /// <summary>Whether what this node holds can be compared: not once others may take it for gone, and not when it is about to go and would win in vain.</summary>
    public bool TakesPart => membership.IsJoined && membership.Self.State == NodeState.Active && membership.Lease.IsHeld;

    /// <summary>Whether it is this node's own, and no record would settle whose it is.</summary>
    public bool MayHaveDouble(HeldSession session) => session is { IsHashed: true, IsClosed: false } && !held.IsOfEarlierTerm(session);

    /// <summary>Yields if the session began later here than at the asker.</summary>
    /// <returns>Whether the asker must yield.</returns>
    public bool IsMineAlone(in AskedSession theirs, NodeTag asker)
    {
        if (held.Find(theirs.Id) is not { } mine || !MayHaveDouble(mine))
        {
            return false;
        }

        var (began, self) = (mine.Created.UtcTicks, membership.Self.Tag);
        if (began != theirs.Began ? began < theirs.Began : ByTag.Compare(self, asker) < 0)
        {
            return true;
        }

        // One that began while the question was on its way may have begun because it is over at the asker.
        if (time.GetUtcNow() - mine.Created >= HolderSearch.Timeout)
        {
            Yield(mine, asker);
        }

        return false;
    }

    /// <summary>The session is the other node's from now on, and who asks here is sent there. What runs in it here is aborted.</summary>
    public void Yield(HeldSession session, NodeTag other)
    {
        var owner = new KnownOwner(other, session.Epoch);
        _yielded.Set(session.Id, owner);
        known.Set(session.Id, owner);
        held.Yield(session);
    }

    /// <returns>The live node that this one has yielded the session to, or null.</returns>
    public Node? YieldedTo(SessionId session) => _yielded.TryGet(session, out var other) ? membership.View.Find(other.Owner) : null;
}
