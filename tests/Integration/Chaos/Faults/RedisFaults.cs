namespace StickySessions.Tests.Integration.Chaos.Faults;

/// <summary>What can go wrong with Redis.</summary>
internal static class RedisFaults
{
    public static IEnumerable<Fault> All { get; } =
    [
        Of("redis restart", losesData: false, async scene =>
        {
            await scene.Cluster.Redis.CrashAsync();
            await scene.WaitAsync(0, 2);
            await scene.Cluster.Redis.StartAgainAsync();
        }),
        Of("redis pause", losesData: false, async scene =>
        {
            scene.Cluster.Redis.Freeze();
            await scene.WaitAsync(0.2, 2.5);
            scene.Cluster.Redis.Thaw();
        }),
        Of("redis flush", losesData: true, scene => scene.Cluster.Redis.FlushAsync()),
        Of("redis crash without persistence", losesData: true, async scene =>
        {
            await scene.Cluster.Redis.CrashAsync();
            scene.Cluster.Redis.LoseFiles();
            await scene.WaitAsync(0, 2);
            await scene.Cluster.Redis.StartAgainAsync();
        }),
        Of("redis failover", losesData: true, async scene =>
        {
            scene.Cluster.Redis.HoldReplication();
            await scene.WaitAsync(0.1, 1);
            scene.Cluster.Redis.Freeze();
            await scene.WaitAsync(0, 1);
            await scene.Cluster.Redis.PromoteReplicaAsync();
            foreach (var node in scene.Cluster.Nodes)
            {
                node.LinkToRedis.Reset();
            }

            await scene.Cluster.Redis.DemoteOldPrimaryAsync();
        }),
    ];

    private static Fault Of(string kind, bool losesData, Func<FaultScene, Task> doAsync)
        => new(kind, losesData, async scene =>
        {
            if (!scene.Reservations.TryTakeRedis())
            {
                return false;
            }

            using (scene.Log.Begin(kind, "redis"))
            {
                await doAsync(scene);
            }

            scene.Reservations.ReleaseRedis();
            return true;
        });
}
