using System.Buffers;
using System.Collections.Immutable;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>Where this node places a new session. Safe for concurrent use.</summary>
internal sealed class SessionPlacement(
    IClusterMembership membership, NodeLoads loads, OwnLoad own, RequestLimit limit, StickyMetrics metrics)
{
    /// <param name="session">The new session.</param>
    /// <param name="policy">The policy it falls under.</param>
    /// <param name="isDraining">Whether this node takes no new sessions.</param>
    /// <param name="refused">Nodes that could not take it.</param>
    /// <returns>Another node, or null for this one.</returns>
    public Node? Elsewhere(SessionId session, StickyPolicy policy, bool isDraining, ImmutableArray<NodeTag> refused)
    {
        var view = membership.View;
        if (view.Nodes.Length < 2)
        {
            return null;
        }

        if (!isDraining && policy.Placement == PlacementStrategy.Here && policy.LoadFactor is null && !limit.IsFull)
        {
            // The common case.
            return null;
        }

        var (chosen, reason) = Choose(view, session, policy, isDraining, refused.AsSpan());
        if (chosen is null && isDraining)
        {
            // Nobody has said anything of its load, but this node cannot take it.
            chosen = Rendezvous.Candidate(view, session, formerOwner: default, refused.AsSpan());
        }

        if (chosen is null || chosen.Tag == membership.Self.Tag)
        {
            return null;
        }

        loads.Placed(chosen.Tag);
        metrics.PlacedElsewhere(reason);
        return chosen;
    }

    /// <param name="session">A new session whose home this node is.</param>
    /// <param name="policy">The policy it falls under.</param>
    /// <param name="isDraining">Whether this node takes no new sessions.</param>
    /// <param name="slots">Who comes next by hash.</param>
    /// <returns>The next that has room if this node has none (Mirrokni, Thorup and Zadimoghaddam 2018), or null for this one.</returns>
    public Node? AwayFromHome(SessionId session, StickyPolicy policy, bool isDraining, HashSlots slots)
    {
        if (!isDraining && policy.LoadFactor is null && !limit.IsFull)
        {
            // The common case.
            return null;
        }

        var candidates = new PlacementCandidate[slots.View.Nodes.Length];
        candidates = candidates[..Gather(slots.View, isDraining, [], candidates, out var here)];
        var factor = policy.LoadFactor ?? double.PositiveInfinity;
        if (here >= 0 && Placement.HasRoom(candidates, here, factor))
        {
            return null;
        }

        var others = slots.Ranked(session).Where(node => node.State == NodeState.Active && node.Tag != membership.Self.Tag).ToArray();
        var chosen = others.FirstOrDefault(other => Array.FindIndex(candidates, candidate => candidate.Node.Tag == other.Tag) is >= 0 and var index
            && Placement.HasRoom(candidates, index, factor));

        // Nobody has room, or has said so: one that drains cannot take it all the same.
        chosen ??= isDraining ? others.FirstOrDefault() : null;
        if (chosen is not null)
        {
            loads.Placed(chosen.Tag);
            metrics.PlacedElsewhere(isDraining ? PlacementReasons.Draining : limit.IsFull ? PlacementReasons.Full : PlacementReasons.Bound);
        }

        return chosen;
    }

    private (Node? Node, string Reason) Choose(
        ClusterView view, SessionId session, StickyPolicy policy, bool isDraining, ReadOnlySpan<NodeTag> refused)
    {
        var buffer = ArrayPool<PlacementCandidate>.Shared.Rent(view.Nodes.Length);
        try
        {
            var count = Gather(view, isDraining, refused, buffer, out var here);
            var candidates = buffer.AsSpan(0, count);
            var factor = policy.LoadFactor ?? (policy.Placement == PlacementStrategy.Here ? double.PositiveInfinity : StickyPolicy.DefaultLoadFactor);
            if (here >= 0 && policy.Placement == PlacementStrategy.Here && Placement.HasRoom(candidates, here, factor))
            {
                return (null, PlacementReasons.Strategy);
            }

            var reason = isDraining ? PlacementReasons.Draining
                : here >= 0 && candidates[here].Share == 0 ? PlacementReasons.Full
                : here >= 0 && !Placement.HasRoom(candidates, here, factor) ? PlacementReasons.Bound
                : PlacementReasons.Strategy;
            return Placement.Choose(candidates, policy.Placement, factor, session, Random.Shared, out var chosen) ? (chosen, reason) : (null, reason);
        }
        finally
        {
            ArrayPool<PlacementCandidate>.Shared.Return(buffer, clearArray: true);
        }
    }

    /// <summary>A node that has not said anything of its load has just joined; it gets what its own clients bring until it has.</summary>
    private int Gather(ClusterView view, bool isDraining, ReadOnlySpan<NodeTag> refused, PlacementCandidate[] candidates, out int here)
    {
        var count = 0;
        here = -1;
        foreach (var node in view.Nodes)
        {
            if (node.Tag == membership.Self.Tag)
            {
                if (!isDraining && node.State == NodeState.Active)
                {
                    var load = own.Current;
                    here = count;
                    candidates[count++] = new PlacementCandidate(node, load.Total, load.Share);
                }
            }
            else if (node.State == NodeState.Active && !refused.Contains(node.Tag) && loads.TryGet(node.Tag, out var total, out var share))
            {
                candidates[count++] = new PlacementCandidate(node, total, share);
            }
        }

        return count;
    }
}
