using System.Collections.Frozen;
using System.Collections.Immutable;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>The live nodes that this node knows now. Immutable; a change makes a new view with a higher version.</summary>
internal sealed class ClusterView
{
    private readonly FrozenDictionary<NodeTag, Node> _byTag;
    private readonly FrozenDictionary<NodeTag, Node> _byFormerTag;

    public ClusterView(long version, uint highestSequence, IEnumerable<Node> nodes)
    {
        Version = version;
        Nodes = [.. nodes.Where(node => node.State != NodeState.Gone).OrderBy(node => node.Tag.Sequence).ThenBy(node => node.Tag.Random)];
        HighestSequence = Nodes.IsEmpty ? highestSequence : Math.Max(highestSequence, Nodes[^1].Tag.Sequence);
        _byTag = Nodes.ToFrozenDictionary(node => node.Tag);
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

    public Node? Find(NodeTag tag) => _byTag.GetValueOrDefault(tag);

    /// <summary>The process that was in the cluster under <paramref name="tag"/> before it was expired, if it has come back.</summary>
    public Node? FindByFormerTag(NodeTag tag) => _byFormerTag.GetValueOrDefault(tag);

    /// <summary>Unknown is not gone: a tag above the highest sequence belongs to a node that joined after this view was made.</summary>
    public bool IsNewerThanView(NodeTag tag) => tag.Sequence > HighestSequence;
}
