using StickySessions.Tests.Integration.Chaos.Clients;

namespace StickySessions.Tests.Integration.Chaos.Faults;

/// <summary>What a fault has to work with.</summary>
internal sealed record FaultScene(
    ChaosCluster Cluster, Exchange Exchange, Reservations Reservations, FaultLog Log, Random Random, CancellationToken End)
{
    public TimeSpan Lease => Cluster.Settings.Options.Lease;

    /// <summary>Returns after a random share of the lease, or at the end of the run: then what is broken is healed.</summary>
    public async Task WaitAsync(double atLeast, double atMost)
        => await Task.Delay(Lease * (atLeast + (Random.NextDouble() * (atMost - atLeast))), End).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
