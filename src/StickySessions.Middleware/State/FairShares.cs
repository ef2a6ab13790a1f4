using System.Collections.Immutable;
using StickySessions.Cluster;

namespace StickySessions.State;

/// <summary>How the sessions of the cluster would be spread if each active node had its share by weight, and how they are.</summary>
internal sealed class FairShares
{
    private readonly int _mine;
    private readonly double _myShare;
    private readonly ImmutableArray<(Node Node, double Lacks)> _others;

    private FairShares(int mine, double myShare, ImmutableArray<(Node Node, double Lacks)> others)
        => (_mine, _myShare, _others) = (mine, myShare, others);

    /// <returns>Null if a node has not said yet how much it has.</returns>
    public static FairShares? Of(IClusterMembership membership, NodeLoads loads, int mine)
    {
        var self = membership.Self;
        var others = new List<(Node Node, long Has, double Weight)>();
        foreach (var node in membership.View.Nodes.Where(node => node.State == NodeState.Active && node.Tag != self.Tag))
        {
            if (!loads.TryGet(node.Tag, out var has, out var share))
            {
                return null;
            }

            // A node that starts slowly takes a part of its share, one that is full nothing.
            others.Add((node, has, node.Weight * share / 100.0));
        }

        var total = mine + others.Sum(other => other.Has);
        var weight = self.Weight + others.Sum(other => other.Weight);
        return new FairShares(
            mine,
            total * self.Weight / weight,
            [.. others.Select(other => (other.Node, Lacks: (total * other.Weight / weight) - other.Has)).Where(other => other.Lacks >= 1)]);
    }

    /// <summary>Whether this node has more than its share by this factor.</summary>
    public bool IsAbove(double factor) => _mine > _myShare * factor && !_others.IsEmpty;

    /// <summary>Who gets one session more, one after the other: never so many that this node has less than its share, or another one more.</summary>
    /// <param name="most">No more than so many.</param>
    public IEnumerable<Node> Takers(int most)
    {
        var spare = Math.Min(most, (int)(_mine - _myShare));
        var given = new double[_others.Length];
        for (; spare > 0; spare--)
        {
            var neediest = 0;
            for (var i = 1; i < given.Length; i++)
            {
                neediest = _others[i].Lacks - given[i] > _others[neediest].Lacks - given[neediest] ? i : neediest;
            }

            if (_others[neediest].Lacks - given[neediest] < 1)
            {
                yield break;
            }

            given[neediest]++;
            yield return _others[neediest].Node;
        }
    }
}
