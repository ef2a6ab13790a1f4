using StickySessions.Tests.Integration.Chaos.Network;
using StickySessions.Tests.Integration.Chaos.Nodes;

namespace StickySessions.Tests.Integration.Chaos.Faults;

/// <summary>What can go wrong between a node and all others where the kernel can be told to lose packets: in a private network.</summary>
internal static class KernelFaults
{
    public static IEnumerable<Fault> All { get; } =
    [
        Of("isolated in the kernel", node => new Packets(
            [$"--source {node.Source}", $"--dport {node.RedisPort}", $"--sport {node.InterconnectPort}"],
            [$"--destination {node.Source}", $"--sport {node.RedisPort}", $"--dport {node.InterconnectPort}"])),
        Of("cut from redis in the kernel", node => new Packets([$"--dport {node.RedisPort}"], [$"--sport {node.RedisPort}"])),
    ];

    public static bool AreWanted(ChaosOptions options) => options.Faults.Count == 0 || All.Any(fault => options.Faults.Contains(fault.Kind));

    private static Fault Of(string kind, Func<ChaosNode, Packets> of)
        => new(kind, LosesData: false, async scene =>
        {
            if (scene.Reservations.TryTakeNode(scene.Random) is not { } node)
            {
                return false;
            }

            var (how, dropped) = Choose(scene.Random, of(node));
            using (scene.Log.Begin(kind, $"{node.Name}, {how}"))
            {
                await using (await DroppedPackets.StartAsync(dropped))
                {
                    await scene.WaitAsync(0.3, 3);
                }
            }

            scene.Reservations.Release(node);
            return true;
        })
        {
            IsPossible = PrivateNetwork.IsEntered,
        };

    private static (string How, string[] Dropped) Choose(Random random, Packets packets) => random.Next(3) switch
    {
        0 => ("nothing leaves it", packets.Leaving),
        1 => ("nothing reaches it", packets.Arriving),
        _ => ("nothing passes", [.. packets.Leaving, .. packets.Arriving]),
    };

    private sealed record Packets(string[] Leaving, string[] Arriving);
}
