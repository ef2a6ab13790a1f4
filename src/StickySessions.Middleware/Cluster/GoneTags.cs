using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>Tags that count as gone, the latest of them. Not safe for concurrent use: <see cref="StaticMembership"/> guards it.</summary>
internal sealed class GoneTags
{
    /// <summary>More than any cluster restarts in the lifetime of a token; who is forgotten is only asked for once more.</summary>
    public const int Kept = 1024;

    private readonly HashSet<NodeTag> _tags = [];
    private readonly Queue<NodeTag> _inOrder = [];

    public bool Contains(NodeTag tag) => _tags.Contains(tag);

    public void Add(NodeTag tag)
    {
        if (!_tags.Add(tag))
        {
            return;
        }

        _inOrder.Enqueue(tag);
        if (_inOrder.Count > Kept)
        {
            _tags.Remove(_inOrder.Dequeue());
        }
    }
}
