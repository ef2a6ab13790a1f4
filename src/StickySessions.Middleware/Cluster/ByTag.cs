using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>The order of nodes that all nodes share: by when they joined.</summary>
internal static class ByTag
{
    public static int Compare(NodeTag one, NodeTag other)
        => one.Sequence == other.Sequence ? one.Random.CompareTo(other.Random) : one.Sequence.CompareTo(other.Sequence);
}
