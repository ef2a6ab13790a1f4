using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Tokens;

namespace StickySessions.Forwarding;

/// <summary>One <see cref="NodeChannel"/> for each node, kept by tag: a restarted process begins with a closed circuit.</summary>
internal sealed class NodeChannels(IOptions<StickyForwardingOptions> options, TimeProvider time)
{
    /// <summary>A node that nobody forwarded to for so long is gone or idle; either way its channel is cheap to make again.</summary>
    private static readonly TimeSpan KeepUnused = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<NodeTag, NodeChannel> _byTag = new();

    public int Count => _byTag.Count;

    public NodeChannel For(Node node)
    {
        if (!_byTag.TryGetValue(node.Tag, out var channel) || channel.Address != node.Address)
        {
            // Channels are made when nodes join, which is also when others have left.
            RemoveUnused();
            channel = _byTag.AddOrUpdate(
                node.Tag,
                static (_, made) => made,
                static (_, present, made) => present.Address == made.Address ? present : made, // first requests come in crowds
                new NodeChannel(node, options.Value, time));
        }

        channel.LastUsed = time.GetTimestamp();
        return channel;
    }

    private void RemoveUnused()
    {
        foreach (var (tag, channel) in _byTag)
        {
            if (time.GetElapsedTime(channel.LastUsed) > KeepUnused)
            {
                _byTag.TryRemove(new KeyValuePair<NodeTag, NodeChannel>(tag, channel));
            }
        }
    }
}
