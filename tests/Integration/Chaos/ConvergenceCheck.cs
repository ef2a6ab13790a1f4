using System.Diagnostics;
using StickySessions.Tests.Integration.Chaos.Clients;
using StickySessions.Tests.Integration.Chaos.Histories;
using StickySessions.Tests.Integration.Chaos.Nodes;

namespace StickySessions.Tests.Integration.Chaos;

/// <summary>After the last fault: do all views agree, and does every node serve every session, within two leases?</summary>
internal sealed class ConvergenceCheck(ChaosCluster cluster, Exchange exchange, IReadOnlyList<ChaosClient> clients)
{
    private const int ProbesAtATime = 8;

    /// <summary>The client number of the probes.</summary>
    private const int Prober = -1;

    public async Task<Convergence> RunAsync()
    {
        var healed = Stopwatch.GetTimestamp();
        var inTime = cluster.Settings.Options.Lease * 2;
        while (true)
        {
            var began = Stopwatch.GetElapsedTime(healed);
            var missing = await MissingAsync();
            if (missing.Count == 0)
            {
                return new Convergence(healed, Stopwatch.GetTimestamp(), []);
            }

            // What began in time may end later.
            if (began > inTime)
            {
                return new Convergence(healed, null, missing);
            }

            await Task.Delay(cluster.Settings.Options.BeatInterval);
        }
    }

    private async Task<List<string>> MissingAsync()
    {
        var missing = cluster.Nodes.Where(node => node.HasCrashed).Select(node => $"{node.Name} has ended by itself").ToList();
        var views = await Task.WhenAll(cluster.Nodes.Select(node => ViewAsync(node)));
        if (views.Distinct().Skip(1).Any())
        {
            missing.Add($"views differ: {string.Join(" | ", views.Distinct())}");
        }
        else if (views[0].Split(' ').Length != cluster.Nodes.Count)
        {
            missing.Add($"all see {views[0]} of {cluster.Nodes.Count} nodes");
        }

        if (missing.Count == 0)
        {
            var probes = clients.Select(client => client.Known).Append(KnownSession.None)
                .SelectMany(known => cluster.Nodes.Select(node => (known, node)));
            await Parallel.ForEachAsync(probes, new ParallelOptions { MaxDegreeOfParallelism = ProbesAtATime }, async (probe, _) =>
            {
                var outcome = await (cluster.Settings.Options.KeepsCarts
                    ? exchange.ShopAsync(Prober, probe.node, probe.known, CartAction.Read, "", TimeSpan.Zero, CancellationToken.None)
                    : exchange.AskAsync(Prober, probe.node, probe.known, TimeSpan.Zero, CancellationToken.None));
                if (outcome.Answer is null)
                {
                    lock (missing)
                    {
                        missing.Add($"{probe.node.Name} answers {outcome.Status} for {probe.known.Answer?.Session ?? "a new session"}");
                    }
                }
            });
        }

        return missing;
    }

    private async Task<string> ViewAsync(ChaosNode node)
    {
        try
        {
            return await cluster.Settings.Http.GetStringAsync(new Uri(node.Address, "/view"));
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
        {
            return $"{node.Name}: {failure.Message}";
        }
    }
}
