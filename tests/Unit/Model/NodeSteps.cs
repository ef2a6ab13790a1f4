namespace StickySessions.Tests.Unit.Model;

/// <summary>What a node does of its own accord: beat, probe its peers, check what it holds.</summary>
internal static class NodeSteps
{
    public static World SendBeat(this World world, NodeState node) => world.With(node with
    {
        LastSent = world.Now,
        Beat = new Beat(world.Now, node.Tag, node.View, node.Connection != world.Redis.Connection),
    });

    public static World TakeReply(this World world, NodeState node)
    {
        var beat = node.Beat!;
        node = node with { Beat = null, View = beat.Reply! };
        if (beat.Granted.IsNone)
        {
            // Declared gone. It joins again, and others may have claimed what it holds.
            return world.With(node with { Tag = default, Former = node.Former.Add(node.Tag) });
        }

        var reconnected = beat.WasLost || beat.Connection != node.Connection;
        return world.With(node with
        {
            Tag = beat.Granted,
            Deadline = world.Setup.Deadline(beat.Sent, world.Now),
            Connection = beat.Connection,
            Held = reconnected && world.Rules.VerifyAfterReconnect && node.Held is { } held ? held with { IsVerified = false } : node.Held,
        });
    }

    public static World Probe(this World world, NodeState node) => world.With(node with
    {
        ProbedAt = world.Now,
        PeersArePast = node.View.Live.All(tag => tag.Node == node.Index || !world.IsReachable(node, tag) || world.Nodes[tag.Node].Deadline <= world.Now),
    });

    public static bool IsReachable(this World world, NodeState asker, Tag peerTag)
        => !asker.IsCutFromPeers && world.Nodes[peerTag.Node] is { IsReachable: true } peer && (peer.Tag == peerTag || peer.Former.Contains(peerTag));

    /// <summary>Whether a node may serve from memory what it began to handle under a lease.</summary>
    public static bool MayServe(this World world, NodeState node, Tag lease)
    {
        if (world.Rules.LeaseIsOfOneTag && (lease.IsNone || node.Tag != lease))
        {
            return false;
        }

        return world.Now < node.Deadline
            || (world.Setup.Mode == RedisLost.Availability && node.PeersArePast && node.ProbedAt >= world.Now - 1);
    }

    /// <summary>Whether a node that can has to compare what it holds with the record.</summary>
    public static bool MustVerify(this World world, NodeState node) => !node.Tag.IsNone && node.Held is { } held
        && (!held.IsVerified || (world.Setup.LosesData && world.Rules.VerifyAgain && world.Now >= held.LookedAt + world.Setup.Upkeep));

    /// <summary>Whether what a node holds is its own under the tag that it has now.</summary>
    public static bool Owns(this World world, NodeState node)
        => node is { Held: { Ended: false, IsVerified: true } held, Tag.IsNone: false } && (!world.Rules.LeaseIsOfOneTag || held.Under == node.Tag);
}
