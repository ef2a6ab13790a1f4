using StickySessions.Tests.Integration.Chaos.Nodes;

namespace StickySessions.Tests.Integration.Chaos.Faults;

/// <summary>Which faults may be there at the same time: one for each node and for Redis, and two nodes are always well. Safe for concurrent use.</summary>
internal sealed class Reservations(ChaosCluster cluster)
{
    private const int NodesLeftAlone = 2;

    private readonly Lock _guard = new();
    private readonly HashSet<ChaosNode> _nodes = [];
    private bool _redis;

    /// <returns>Null if too few nodes are well.</returns>
    public ChaosNode? TryTakeNode(Random random)
    {
        lock (_guard)
        {
            var well = cluster.Nodes.Except(_nodes).ToArray();
            if (well.Length <= NodesLeftAlone)
            {
                return null;
            }

            var node = well[random.Next(well.Length)];
            _nodes.Add(node);
            return node;
        }
    }

    /// <summary>A node that others do not count on yet.</summary>
    public void Take(ChaosNode node)
    {
        lock (_guard)
        {
            _nodes.Add(node);
        }
    }

    public void Release(ChaosNode node)
    {
        lock (_guard)
        {
            _nodes.Remove(node);
        }
    }

    public bool TryTakeRedis()
    {
        lock (_guard)
        {
            var taken = !_redis;
            _redis = true;
            return taken;
        }
    }

    public void ReleaseRedis()
    {
        lock (_guard)
        {
            _redis = false;
        }
    }
}
