using StickySessions.Cluster;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// Ownership without a store: the nodes' memories are the records, and all live nodes are asked. This gives affinity, not single
/// ownership: two nodes that cannot see each other may both own a session until they meet. Then the higher epoch wins, after it
/// the lower tag. A session that was ended is remembered by the node that ended it.
/// </summary>
internal sealed class StaticOwnershipDirectory(
    LocalHoldings holdings, EndedSessions ended, HolderSearch search, IClusterMembership membership) : IOwnershipDirectory
{
    public async ValueTask<OwnershipRecord?> ReadAsync(SessionId session, CancellationToken cancellationToken)
    {
        var here = holdings.Find(session);
        if (here.Status == HoldsStatus.Ended)
        {
            return new OwnershipRecord(default, here.Epoch, Ended: true);
        }

        var there = await search.FindAsync(session, seenEpoch: 0, cancellationToken);
        return (here.Status, there.Status) switch
        {
            (_, HoldsStatus.Ended) => new OwnershipRecord(default, there.Epoch, Ended: true),
            (HoldsStatus.Held, _) when Wins(here, there, membership.Self.Tag) => new OwnershipRecord(membership.Self.Tag, here.Epoch, Ended: false),
            (_, HoldsStatus.Held) => new OwnershipRecord(there.Owner, there.Epoch, Ended: false),
            _ => null,
        };
    }

    public async ValueTask<ClaimResult> ClaimAsync(
        SessionId session, NodeTag expectedOwner, uint seenEpoch, NodeTag claimer, CancellationToken cancellationToken)
    {
        if (!membership.HasMajority)
        {
            throw new DirectoryUnavailableException(
                "This node sees fewer than half of the nodes in StickySessions:Static:Nodes and claims no session until it sees a majority again.");
        }

        var here = holdings.Find(session);
        var there = here.Status == HoldsStatus.Ended ? default : await search.FindAsync(session, seenEpoch, cancellationToken);
        if (here.Status == HoldsStatus.Ended || there.Status == HoldsStatus.Ended)
        {
            return new ClaimResult(ClaimStatus.Ended, default, Math.Max(here.Epoch, there.Epoch));
        }

        // What is held at a lower epoch than the client has seen is stale, here and there. At the same epoch it is stale only
        // here: this process held it under a former tag, or it would not have to claim.
        var heldHere = here.Epoch > seenEpoch;
        var heldThere = there.Status == HoldsStatus.Held && there.Epoch >= seenEpoch;
        if (heldThere && !(heldHere && Wins(here, there, claimer)))
        {
            return new ClaimResult(ClaimStatus.OwnedByOther, there.Owner, there.Epoch);
        }

        return new ClaimResult(ClaimStatus.Owned, claimer, heldHere ? here.Epoch : seenEpoch + 1);
    }

    public async ValueTask<ClaimResult> RecordAsync(SessionId session, NodeTag owner, CancellationToken cancellationToken)
    {
        var here = holdings.Find(session);
        var there = here.Status == HoldsStatus.NotHeld ? await search.FindAsync(session, seenEpoch: 0, cancellationToken) : default;
        return (here.Status, there.Status) switch
        {
            (HoldsStatus.Ended, _) or (_, HoldsStatus.Ended) => new ClaimResult(ClaimStatus.Ended, default, Math.Max(here.Epoch, there.Epoch)),
            (_, HoldsStatus.Held) => new ClaimResult(ClaimStatus.OwnedByOther, there.Owner, there.Epoch),
            (HoldsStatus.Held, _) => new ClaimResult(ClaimStatus.Owned, owner, here.Epoch),
            _ => new ClaimResult(ClaimStatus.Owned, owner, Epoch: 1),
        };
    }

    public ValueTask EndAsync(SessionId session, uint epoch, TimeSpan keepFor, CancellationToken cancellationToken)
    {
        ended.Add(session, epoch + 1, keepFor);
        return ValueTask.CompletedTask;
    }

    private static bool Wins(HoldsAnswer here, HolderSearchResult there, NodeTag self)
        => there.Status != HoldsStatus.Held
            || here.Epoch > there.Epoch
            || (here.Epoch == there.Epoch && Compare(self, there.Owner) < 0);

    private static int Compare(NodeTag one, NodeTag other)
        => (one.Sequence, one.Random).CompareTo((other.Sequence, other.Random));
}
