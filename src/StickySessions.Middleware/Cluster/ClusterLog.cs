using Microsoft.Extensions.Logging;
using StickySessions.Diagnostics;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>What an operator wants to read at night: who came, who went, and why this node thinks so.</summary>
internal static partial class ClusterLog
{
    [LoggerMessage(StickyEventIds.Cluster + 1, LogLevel.Information, "Joined the cluster as {Node} ({Tag}) at {Address}; {Peers} other node(s) in view")]
    public static partial void Joined(this ILogger logger, string node, NodeTag tag, Uri address, int peers);

    [LoggerMessage(StickyEventIds.Cluster + 2, LogLevel.Information, "Left the cluster as {Node} ({Tag})")]
    public static partial void Left(this ILogger logger, string node, NodeTag tag);

    [LoggerMessage(StickyEventIds.Cluster + 3, LogLevel.Information, "Node {Node} ({Tag}) is {State} at {Address}")]
    public static partial void NodeChanged(this ILogger logger, string node, NodeTag tag, NodeState state, Uri address);

    [LoggerMessage(StickyEventIds.Cluster + 4, LogLevel.Warning, "Node {Node} ({Tag}) is gone; it was {State}")]
    public static partial void NodeGone(this ILogger logger, string node, NodeTag tag, NodeState state);

    [LoggerMessage(StickyEventIds.Cluster + 5, LogLevel.Warning, "This node {Node} ({Tag}) was declared gone while it ran; it joins again under a new tag")]
    public static partial void Expired(this ILogger logger, string node, NodeTag tag);

    [LoggerMessage(StickyEventIds.Cluster + 6, LogLevel.Warning, "Node {Node} ({Tag}) refuses connections at {Address}; reported as gone")]
    public static partial void Suspected(this ILogger logger, string node, NodeTag tag, Uri address);

    [LoggerMessage(StickyEventIds.Cluster + 7, LogLevel.Error, "Joining the cluster failed: {Reason}")]
    public static partial void JoinRefused(this ILogger logger, string reason);

    [LoggerMessage(StickyEventIds.Cluster + 8, LogLevel.Warning, "{Problem}")]
    public static partial void Degraded(this ILogger logger, string problem);

    [LoggerMessage(StickyEventIds.Cluster + 9, LogLevel.Warning, "Nobody in the cluster confirmed within {Seconds} s that this node leaves; they learn it when its lease ends")]
    public static partial void LeftUnnoticed(this ILogger logger, double seconds);

    [LoggerMessage(StickyEventIds.Cluster + 10, LogLevel.Error, "Keeping the view up to date failed; it goes on")]
    public static partial void LoopFailed(this ILogger logger, Exception exception);

    [LoggerMessage(StickyEventIds.Cluster + 11, LogLevel.Information, "Node {Node} ({Tag}) has left after draining")]
    public static partial void NodeLeft(this ILogger logger, string node, NodeTag tag);

    [LoggerMessage(StickyEventIds.Redis + 1, LogLevel.Warning, "Redis is away: {Reason}. The view is kept, sessions go on, nobody is declared gone")]
    public static partial void RedisAway(this ILogger logger, string reason);

    [LoggerMessage(StickyEventIds.Redis + 2, LogLevel.Information, "Redis is back after {Seconds:F1} s")]
    public static partial void RedisBack(this ILogger logger, double seconds);

    [LoggerMessage(StickyEventIds.Redis + 3, LogLevel.Warning, "Redis had lost the view of the cluster; it was rebuilt from what the nodes know")]
    public static partial void ViewRebuilt(this ILogger logger);

    /// <summary>Logs what differs between two views, except this node itself.</summary>
    public static void ViewChanged(this ILogger logger, ClusterView before, ClusterView after, NodeTag self)
    {
        foreach (var node in after.Nodes)
        {
            var known = before.Find(node.Tag);
            if (node.Tag != self && (known?.State != node.State || known.Address != node.Address))
            {
                logger.NodeChanged(node.Name, node.Tag, node.State, node.Address);
            }
        }

        foreach (var node in before.Nodes)
        {
            if (node.Tag == self || after.Find(node.Tag) is not null)
            {
                continue;
            }

            // A node that drained was expected to go.
            if (node.State == NodeState.Draining)
            {
                logger.NodeLeft(node.Name, node.Tag);
            }
            else
            {
                logger.NodeGone(node.Name, node.Tag, node.State);
            }
        }
    }
}
