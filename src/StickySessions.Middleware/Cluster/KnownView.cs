using System.Collections.Immutable;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>
/// The view as Redis gave it, nodes that are gone included: what this node sends back when Redis has lost it. Immutable.
/// </summary>
internal sealed record KnownView
{
    public static KnownView None { get; } = new();

    public string Generation { get; private init; } = "";

    public long Version { get; private init; }

    public uint Sequence { get; private init; }

    public ImmutableDictionary<NodeTag, string> Entries { get; private init; } = ImmutableDictionary<NodeTag, string>.Empty;

    private ImmutableDictionary<NodeTag, Node> Nodes { get; init; } = ImmutableDictionary<NodeTag, Node>.Empty;

    public IEnumerable<Node> Live => Nodes.Values.Where(node => node.State != NodeState.Gone);

    public Node? Find(NodeTag tag) => Nodes.GetValueOrDefault(tag);

    /// <summary>Whether an answer says anything new.</summary>
    public bool IsOlderThan(BeatAnswer answer) => answer.Generation != Generation || answer.Version != Version;

    /// <summary>Redis has lost the view and there is nobody to rebuild it: only what must never repeat is kept.</summary>
    public KnownView Forget() => None with { Sequence = Sequence };

    public KnownView With(BeatAnswer answer)
    {
        var entries = answer.IsFull ? ImmutableDictionary.CreateBuilder<NodeTag, string>() : Entries.ToBuilder();
        var nodes = answer.IsFull ? ImmutableDictionary.CreateBuilder<NodeTag, Node>() : Nodes.ToBuilder();
        for (var i = 0; i + 1 < answer.Entries!.Length; i += 2)
        {
            var entry = (string)answer.Entries[i + 1]!;
            if (NodeTag.TryParse((string?)answer.Entries[i], out var tag))
            {
                entries[tag] = entry;
                nodes.Remove(tag);
                if (NodeEntry.TryParse(tag, entry, out var node))
                {
                    nodes[tag] = node;
                }
            }
        }

        return new KnownView
        {
            Generation = answer.Generation,
            Version = answer.Version,
            Sequence = answer.Sequence,
            Entries = entries.ToImmutable(),
            Nodes = nodes.ToImmutable(),
        };
    }

    /// <summary>The view for everybody else, in which this node is what it says of itself now.</summary>
    public ClusterView ToView(Node? self) => new(
        Version, Sequence, self is null ? Live : Live.Where(node => node.Tag != self.Tag).Append(self));
}
