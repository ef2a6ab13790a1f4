using System.Collections.Concurrent;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>
/// The load of the other nodes: what they said last, and what this node has placed there since. Without the latter all new sessions
/// between two figures would go to the node that was least loaded at the first. Safe for concurrent use.
/// </summary>
internal sealed class NodeLoads(INodeLoadSource? source = null, TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly ConcurrentDictionary<NodeTag, Entry> _entries = new();

    public NodeLoad Own => source?.Current ?? new NodeLoad(0, 0, 100);

    public bool AreWanted => source is { AreOthersWanted: true };

    /// <summary>A node has said how loaded it is.</summary>
    /// <param name="node">Its tag.</param>
    /// <param name="load">What it said.</param>
    /// <param name="age">How long ago it said so: what was placed there after that is no part of it.</param>
    public void Take(NodeTag node, NodeLoad load, TimeSpan age)
    {
        var now = _time.GetTimestamp();
        var placed = 0;
        if (age > TimeSpan.Zero && _entries.TryGetValue(node, out var before) && _time.GetElapsedTime(before.TakenAt, now) is { Ticks: > 0 } interval)
        {
            // As if what was placed since the figures before had come evenly.
            placed = (int)Math.Ceiling(before.PlacedSince * Math.Min(1, age / interval));
        }

        _entries[node] = new Entry(load, placed, now);
    }

    /// <summary>Forgets who is no longer in view.</summary>
    public void Keep(ClusterView view)
    {
        foreach (var (tag, _) in _entries)
        {
            if (view.Find(tag) is null)
            {
                _entries.TryRemove(tag, out _);
            }
        }
    }

    /// <summary>This node is about to place a session there.</summary>
    public void Placed(NodeTag node)
    {
        if (_entries.TryGetValue(node, out var entry))
        {
            entry.Place();
        }
    }

    /// <returns>False if the node has not said anything yet.</returns>
    public bool TryGet(NodeTag node, out long total, out int share)
    {
        var found = _entries.TryGetValue(node, out var entry);
        (total, share) = found ? (entry!.Load.Total + entry.Placed, entry.Load.Share) : default;
        return found;
    }

    private sealed class Entry(NodeLoad load, int placedBefore, long takenAt)
    {
        private int _placedSince;

        public NodeLoad Load => load;

        public long TakenAt => takenAt;

        public int PlacedSince => Volatile.Read(ref _placedSince);

        public int Placed => placedBefore + PlacedSince;

        public void Place() => Interlocked.Increment(ref _placedSince);
    }
}
