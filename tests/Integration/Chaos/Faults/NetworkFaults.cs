using StickySessions.Tests.Integration.Chaos.Network;
using StickySessions.Tests.Integration.Chaos.Nodes;

namespace StickySessions.Tests.Integration.Chaos.Faults;

/// <summary>What can go wrong between nodes, and between a node and Redis.</summary>
internal static class NetworkFaults
{
    public static IEnumerable<Fault> All { get; } =
    [
        Of("cut between nodes", (node, others) => ($"{node.Name} and {others[0].Name}", [node.LinkFrom(others[0]), others[0].LinkFrom(node)])),
        Of("cut towards a node", (node, others) => ($"{node.Name} from {others[0].Name}", [node.LinkFrom(others[0])])),
        Of("cut from redis", (node, _) => (node.Name, [node.LinkToRedis])),
        Of("isolated", (node, others) => (node.Name, [node.LinkToRedis, .. others.SelectMany(other => new[] { node.LinkFrom(other), other.LinkFrom(node) })])),
    ];

    private static Fault Of(string kind, Func<ChaosNode, ChaosNode[], (string Where, Link[] Links)> choose)
        => new(kind, LosesData: false, async scene =>
        {
            if (scene.Reservations.TryTakeNode(scene.Random) is not { } node)
            {
                return false;
            }

            var others = scene.Cluster.Nodes.Where(each => each != node).ToArray();
            scene.Random.Shuffle(others);
            var (where, links) = choose(node, others);
            var (how, cut) = Cut(scene.Random);
            using (scene.Log.Begin(kind, $"{where}, {how}"))
            {
                Array.ForEach(links, cut);
                await scene.WaitAsync(0.3, 3);
                Array.ForEach(links, link => link.Heal());
            }

            scene.Reservations.Release(node);
            return true;
        });

    private static (string How, Action<Link> Cut) Cut(Random random) => random.Next(4) switch
    {
        0 => ("connections reset", link => link.Break()),
        1 => ("nothing arrives there", link => link.Hold(Way.There)),
        2 => ("nothing comes back", link => link.Hold(Way.Back)),
        _ => ("nothing passes", link => link.Hold(Way.Both)),
    };
}
