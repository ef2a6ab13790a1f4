using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>The live nodes that this node knows now. Immutable; a change makes a new view with a higher version.</summary>
internal sealed class ClusterView
{
    private readonly FrozenDictionary<NodeTag, Node> _byFormerTag;
    private readonly FrozenSet<NodeTag>? _knownGone;

    /// <param name="version">Rises with each change.</param>
    /// <param name="highestSequence">The highest join sequence number ever given.</param>
    /// <param name="nodes">The nodes that are live.</param>
    /// <param name="knownGone">Who is gone for sure while others that are missing may come back. Null: whoever is missing is gone.</param>
    public ClusterView(long version, uint highestSequence, IEnumerable<Node> nodes, IEnumerable<NodeTag>? knownGone = null)
    {
        _knownGone = knownGone?.ToFrozenSet();
        Version = version;
        Nodes = Ordered(nodes.Where(node => node.State != NodeState.Gone));
        HighestSequence = Nodes.IsEmpty ? highestSequence : Math.Max(highestSequence, Nodes[^1].Tag.Sequence);
        _byFormerTag = Nodes
            .SelectMany(node => node.FormerTags, (node, former) => (former, node))
            .DistinctBy(pair => pair.former)
            .ToFrozenDictionary(pair => pair.former, pair => pair.node);
    }

    public static ClusterView Empty { get; } = new(0, 0, []);

    public long Version { get; }

    /// <summary>The highest join sequence number this view has ever seen, nodes that are gone included.</summary>
    public uint HighestSequence { get; }

    /// <summary>Ordered by tag, so that all nodes with the same view compute the same candidates.</summary>
    public ImmutableArray<Node> Nodes { get; }

    public Node? Find(NodeTag tag) => Nodes.AsSpan().BinarySearch(new Position(tag)) is >= 0 and var index ? Nodes[index] : null;

    /// <summary>The process that was in the cluster under <paramref name="tag"/> before it was expired, if it has come back.</summary>
    public Node? FindByFormerTag(NodeTag tag) => _byFormerTag.GetValueOrDefault(tag);

    /// <summary>
    /// Unknown is not gone: a tag above the highest sequence belongs to a node that joined after this view was made, and one that is missing
    /// in a view that Redis lost a moment ago may belong to a node that has not beaten since.
    /// </summary>
    public bool IsUnknown(NodeTag tag)
        => tag.Sequence > HighestSequence
            || (_knownGone is { } gone && Find(tag) is null && !gone.Contains(tag) && !_byFormerTag.ContainsKey(tag));

    /// <summary>Whether others may own what the node of this tag did.</summary>
    public bool IsGone(NodeTag tag) => Find(tag) is null && !IsUnknown(tag);

    private static ImmutableArray<Node> Ordered(IEnumerable<Node> nodes)
    {
        // Nearly in order as a rule, so this is quick; there is a view for each change at each node.
        Node[] ordered = [.. nodes];
        Array.Sort(ordered, static (one, other) => ByTag.Compare(one.Tag, other.Tag));
        return ImmutableCollectionsMarshal.AsImmutableArray(ordered);
    }

    private readonly struct Position(NodeTag tag) : IComparable<Node>
    {
        public int CompareTo(Node? other) => ByTag.Compare(tag, other!.Tag);
    }
}
