using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Tokens;

namespace StickySessions.Forwarding;

/// <summary>One <see cref="NodeChannel"/> for each node, kept by tag: a restarted process begins with a closed circuit.</summary>
internal sealed class NodeChannels : IDisposable
{
    /// <summary>A node that nobody forwarded to for so long is gone or idle; either way its channel is cheap to make again.</summary>
    private static readonly TimeSpan KeepUnused = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<NodeTag, NodeChannel> _byTag = new();
    private readonly StickyForwardingOptions _options;
    private readonly TimeProvider _time;
    private readonly IClusterMembership? _membership;

    public NodeChannels(IOptions<StickyForwardingOptions> options, TimeProvider time, IClusterMembership? membership = null)
    {
        _options = options.Value;
        _time = time;
        _membership = membership;
        if (membership is not null)
        {
            membership.ViewChanged += Follow;
        }
    }

    public int Count => _byTag.Count;

    public NodeChannel For(Node node)
    {
        if (!_byTag.TryGetValue(node.Tag, out var channel) || channel.Address != node.Address || channel.Lost.IsCancellationRequested)
        {
            channel = Make(node);
        }

        channel.LastUsed = _time.GetTimestamp();
        return channel;
    }

    public void Dispose()
    {
        if (_membership is not null)
        {
            _membership.ViewChanged -= Follow;
        }
    }

    private NodeChannel Make(Node node)
    {
        // Channels are made when nodes join, which is also when others have left.
        RemoveUnused();
        var channel = _byTag.AddOrUpdate(
            node.Tag,
            static (_, made) => made,
            static (_, present, made) => present.Address == made.Address && !present.Lost.IsCancellationRequested ? present : made,
            new NodeChannel(node, _options, _time)); // first requests come in crowds, and must share one
        if (_membership is not null)
        {
            // The node may have left between the decision to forward to it and now.
            channel.Follow(_membership.View.Find(node.Tag));
        }

        return channel;
    }

    private void Follow(ClusterView view)
    {
        foreach (var (tag, channel) in _byTag)
        {
            channel.Follow(view.Find(tag));
        }
    }

    private void RemoveUnused()
    {
        foreach (var (tag, channel) in _byTag)
        {
            if (channel.Lost.IsCancellationRequested || _time.GetElapsedTime(channel.LastUsed) > KeepUnused)
            {
                _byTag.TryRemove(new KeyValuePair<NodeTag, NodeChannel>(tag, channel));
            }
        }
    }
}
