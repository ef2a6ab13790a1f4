using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using StackExchange.Redis;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>
/// The view as Redis gave it, nodes that are gone included: what this node sends back when Redis has lost it. Immutable, and kept
/// small: each node has one of every other node, and takes a new one with each change.
/// </summary>
internal sealed record KnownView
{
    // Ordered by tag, as the nodes of a ClusterView are.
    private ImmutableArray<Known> _nodes = [];

    public static KnownView None { get; } = new();

    public string Generation { get; private init; } = "";

    public long Version { get; private init; }

    /// <summary>What this version is called in the history that it belongs to.</summary>
    public string Mark { get; private init; } = "";

    public uint Sequence { get; private init; }

    /// <summary>Whether a node that is missing is gone. Not in the first lease after the view was made anew: it may have been lost.</summary>
    public bool IsSettled { get; private init; }

    public IEnumerable<KeyValuePair<NodeTag, string>> Entries => _nodes.Select(known => KeyValuePair.Create(known.Tag, Encoding.UTF8.GetString(known.Entry)));

    public IEnumerable<Node> Live => _nodes.Where(known => known.Node is { State: not NodeState.Gone }).Select(known => known.Node!);

    /// <summary>Whether an answer says anything new.</summary>
    public bool IsOlderThan(BeatAnswer answer) => answer.Generation != Generation || answer.Version != Version || answer.IsSettled != IsSettled;

    /// <summary>Redis has lost the view and there is nobody to rebuild it: only what must never repeat is kept.</summary>
    public KnownView Forget() => None with { Sequence = Sequence };

    public KnownView With(BeatAnswer answer)
    {
        var nodes = answer.IsFull ? [] : _nodes.ToList();
        for (var i = 0; i + 1 < answer.Entries!.Length; i += 2)
        {
            if (NodeTag.TryParse((string?)answer.Entries[i], out var tag))
            {
                var index = IndexOf(CollectionsMarshal.AsSpan(nodes), tag);
                var known = Read(tag, answer.Entries[i + 1], _nodes.AsSpan());
                if (index >= 0)
                {
                    nodes[index] = known;
                }
                else
                {
                    nodes.Insert(~index, known);
                }
            }
        }

        return new KnownView
        {
            Generation = answer.Generation,
            Version = answer.Version,
            Mark = answer.Mark,
            Sequence = answer.Sequence,
            IsSettled = answer.IsSettled,
            _nodes = [.. nodes],
        };
    }

    /// <summary>The view for everybody else, in which this node is what it says of itself now.</summary>
    public ClusterView ToView(Node? self) => new(
        Version,
        Sequence,
        self is null ? Live : Live.Where(node => node.Tag != self.Tag).Append(self),
        IsSettled ? null : _nodes.Where(known => NodeEntry.IsGone(known.Entry)).Select(known => known.Tag));

    /// <summary>A node that is in the view, or was.</summary>
    public Node? Find(NodeTag tag) => IndexOf(_nodes.AsSpan(), tag) is >= 0 and var index ? _nodes[index].Node : null;

    /// <summary>A node that has not changed is not parsed again, nor kept twice.</summary>
    private static Known Read(NodeTag tag, RedisResult value, ReadOnlySpan<Known> before)
    {
        var entry = (byte[])value!;
        if (IndexOf(before, tag) is >= 0 and var index && before[index].Entry.AsSpan().SequenceEqual(entry))
        {
            return before[index];
        }

        return new Known(tag, entry, NodeEntry.TryParse(tag, Encoding.UTF8.GetString(entry), out var node) ? node : null);
    }

    private static int IndexOf(ReadOnlySpan<Known> nodes, NodeTag tag) => nodes.BinarySearch(new Position(tag));

    /// <param name="Tag">The node's tag.</param>
    /// <param name="Entry">What Redis says of it, as UTF-8.</param>
    /// <param name="Node">The same, unless this version cannot read it.</param>
    private sealed record Known(NodeTag Tag, byte[] Entry, Node? Node);

    private readonly struct Position(NodeTag tag) : IComparable<Known>
    {
        public int CompareTo(Known? other) => ByTag.Compare(tag, other!.Tag);
    }
}
