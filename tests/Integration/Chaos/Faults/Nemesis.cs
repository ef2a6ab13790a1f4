using StickySessions.Tests.Integration.Chaos.Clients;

namespace StickySessions.Tests.Integration.Chaos.Faults;

/// <summary>Lets things go wrong, chosen at random from a seed, a few at a time.</summary>
internal sealed class Nemesis(ChaosCluster cluster, Exchange exchange, FaultLog log)
{
    private readonly Fault[] _faults = [.. Allowed(cluster.Settings.Options)];
    private readonly Reservations _reservations = new(cluster);

    public static IEnumerable<Fault> All => [.. NodeFaults.All, PausedOwner.Fault, .. RedisFaults.All, .. NetworkFaults.All, .. KernelFaults.All];

    /// <summary>Runs until it is cancelled, and returns when all that went wrong is healed.</summary>
    public Task RunAsync(CancellationToken end)
    {
        var options = cluster.Settings.Options;
        return Task.WhenAll(Enumerable.Range(1, options.FaultsAtOnce).Select(
            one => OneAfterTheOtherAsync(new FaultScene(cluster, exchange, _reservations, log, new Random((options.Seed * 1000) - one), end))));
    }

    private async Task OneAfterTheOtherAsync(FaultScene scene)
    {
        // In rounds, each with all faults in an order of its own: so a short run has many kinds.
        var round = _faults.ToArray();
        while (round.Length > 0)
        {
            scene.Random.Shuffle(round);
            foreach (var fault in round)
            {
                await scene.WaitAsync(0.2, 1);
                if (scene.End.IsCancellationRequested)
                {
                    return;
                }

                await fault.RunAsync(scene);
            }
        }
    }

    private static IEnumerable<Fault> Allowed(ChaosOptions options)
        => All.Where(fault => (options.LoseData || !fault.LosesData)
            && (options.Faults.Count == 0 || options.Faults.Contains(fault.Kind))
            && fault.IsPossible);
}
