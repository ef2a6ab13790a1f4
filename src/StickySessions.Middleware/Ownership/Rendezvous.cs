using System.Runtime.InteropServices;
using StickySessions.Cluster;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// Finds the node that takes over an orphaned session: all nodes with the same view find the same one, without asking.
/// Weighted rendezvous hashing (Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", 1998; weights by the
/// logarithm method of Schindelhauer and Schomaker, 2005): a node that joins or leaves moves only its own share.
/// </summary>
internal static class Rendezvous
{
    /// <param name="view">The nodes to choose from.</param>
    /// <param name="session">The orphan.</param>
    /// <param name="formerOwner">Who owned it: if that process is back under a new tag, it still has the session's memory.</param>
    /// <param name="excluded">Nodes that already refused or could not be reached.</param>
    /// <returns>Null if no node can take the session.</returns>
    public static Node? Candidate(ClusterView view, SessionId session, NodeTag formerOwner, ReadOnlySpan<NodeTag> excluded = default)
        => view.FindByFormerTag(formerOwner) is { State: not NodeState.Starting } former && !excluded.Contains(former.Tag)
            ? former
            : Winner(view, session, excluded);

    private static Node? Winner(ClusterView view, SessionId session, ReadOnlySpan<NodeTag> excluded)
    {
        Node? winner = null;
        var highest = double.NegativeInfinity;
        foreach (var node in view.Nodes)
        {
            if (node.State != NodeState.Active || excluded.Contains(node.Tag))
            {
                continue;
            }

            // Equal scores mean equal names, a restarted process beside its predecessor: the later one is alive.
            var score = Score(session, node.Name, node.Weight);
            if (score >= highest)
            {
                (winner, highest) = (node, score);
            }
        }

        return winner;
    }

    /// <summary>The node with the highest score wins.</summary>
    public static double Score(SessionId session, string name, double weight)
    {
        // The name, not the tag: a restarted node keeps its share. 53 bits, shifted off both ends of the interval (0, 1).
        var uniform = ((Hash(session, name) >> 11) + 0.5) / (1UL << 53);
        return -weight / Math.Log(uniform);
    }

    private static ulong Hash(SessionId session, string name)
    {
        // FNV-1a gathers the name; the mixing makes every bit of name and session reach every bit of the result.
        var hash = 14695981039346656037UL;
        foreach (var part in MemoryMarshal.AsBytes(name.AsSpan()))
        {
            hash = (hash ^ part) * 1099511628211UL;
        }

        return Mix(Mix(hash ^ session.High) ^ session.Low);
    }

    /// <summary>The finaliser of SplitMix64.</summary>
    private static ulong Mix(ulong value)
    {
        value += 0x9e3779b97f4a7c15;
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }
}
