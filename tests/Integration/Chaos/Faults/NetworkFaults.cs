using StickySessions.Tests.Integration.Chaos.Network;
using StickySessions.Tests.Integration.Chaos.Nodes;

namespace StickySessions.Tests.Integration.Chaos.Faults;

/// <summary>What can go wrong between nodes, and between a node and Redis.</summary>
internal static class NetworkFaults
{
    public static IEnumerable<Fault> All { get; } =
    [
        Of("cut from a node", (_, node, other) => [node.LinkFrom(other), other.LinkFrom(node)]),
        Of("cut to a node, one way", (_, node, other) => [node.LinkFrom(other)]),
        Of("cut from redis", (_, node, _) => [node.LinkToRedis]),
        Of("isolated", (scene, node, _) =>
        [
            node.LinkToRedis, .. scene.Cluster.Nodes.Where(other => other != node).SelectMany(other => new[] { node.LinkFrom(other), other.LinkFrom(node) }),
        ]),
    ];

    private static Fault Of(string kind, Func<FaultScene, ChaosNode, ChaosNode, IEnumerable<Link>> linksOf)
        => new(kind, LosesData: false, async scene =>
        {
            if (scene.Reservations.TryTakeNode(scene.Random) is not { } node)
            {
                return false;
            }

            var others = scene.Cluster.Nodes.Where(each => each != node).ToArray();
            var other = others[scene.Random.Next(others.Length)];
            var links = linksOf(scene, node, other).ToArray();
            var (how, cut) = Cut(scene.Random);
            using (scene.Log.Begin(kind, $"{node.Name}{(kind.Contains("node", StringComparison.Ordinal) ? $" and {other.Name}" : "")}, {how}"))
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
