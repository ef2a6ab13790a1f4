using StickySessions.Tests.Integration.Chaos.Nodes;

namespace StickySessions.Tests.Integration.Chaos.Faults;

/// <summary>What can go wrong with a node.</summary>
internal static class NodeFaults
{
    public static IEnumerable<Fault> All { get; } =
    [
        new("kill", LosesData: false, scene => WithNodeAsync(scene, "kill", async node =>
        {
            await node.KillAsync();
            await scene.WaitAsync(0, 2);
            await node.StartAsync();
        })),
        new("pause", LosesData: false, scene => WithNodeAsync(scene, "pause", async node =>
        {
            node.Freeze();
            await scene.WaitAsync(1.1, 3);
            node.Thaw();
        })),
        new("short pause", LosesData: false, scene => WithNodeAsync(scene, "short pause", async node =>
        {
            node.Freeze();
            await scene.WaitAsync(0.2, 1.1);
            node.Thaw();
        })),
        new("drain", LosesData: false, scene => WithNodeAsync(scene, "drain", async node =>
        {
            await node.DrainAsync();
            await node.StartAsync();
        })),
        new("join", LosesData: false, JoinAsync),
        new(ClockSkew.Kind, LosesData: false, SkewAsync) { IsPossible = ClockSkew.Library is not null },
    ];

    private static async Task<bool> WithNodeAsync(FaultScene scene, string kind, Func<ChaosNode, Task> doAsync)
    {
        if (scene.Reservations.TryTakeNode(scene.Random) is not { } node)
        {
            return false;
        }

        using (scene.Log.Begin(kind, node.Name))
        {
            await doAsync(node);
        }

        scene.Reservations.Release(node);
        return true;
    }

    /// <summary>A node joins, takes part for a while, and drains.</summary>
    private static async Task<bool> JoinAsync(FaultScene scene)
    {
        var node = scene.Cluster.Add();
        scene.Reservations.Take(node);
        using (scene.Log.Begin("join", node.Name))
        {
            await node.StartAsync();
            await scene.WaitAsync(1, 4);
            await node.DrainAsync();
        }

        await scene.Cluster.RemoveAsync(node);
        scene.Reservations.Release(node);
        return true;
    }

    private static Task<bool> SkewAsync(FaultScene scene) => WithNodeAsync(scene, ClockSkew.Kind, async node =>
    {
        node.Skew(TimeSpan.FromSeconds((scene.Random.NextDouble() * 120) - 60));
        await scene.WaitAsync(1, 3);
        node.Skew(TimeSpan.Zero);
    });
}
