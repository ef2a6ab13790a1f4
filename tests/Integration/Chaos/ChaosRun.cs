using System.Diagnostics;
using StickySessions.Tests.Integration.Chaos.Checking;
using StickySessions.Tests.Integration.Chaos.Clients;
using StickySessions.Tests.Integration.Chaos.Faults;
using StickySessions.Tests.Integration.Chaos.Histories;
using StickySessions.Tests.Integration.Chaos.Network;

namespace StickySessions.Tests.Integration.Chaos;

/// <summary>
/// One run of the harness: real processes and a real Redis, clients that record all they ask and learn, a nemesis; and then the
/// histories are checked.
/// </summary>
/// <param name="options">What the run is like.</param>
/// <param name="redisProgram">Where redis-server is.</param>
/// <param name="print">What is told while it runs.</param>
internal sealed class ChaosRun(ChaosOptions options, string redisProgram, Action<string> print)
{
    /// <param name="cancellationToken">Ends the run early; what was recorded so far is checked.</param>
    public async Task<ChaosReport> RunAsync(CancellationToken cancellationToken = default)
    {
        var folder = options.Output is { } output ? Directory.CreateDirectory(output) : Directory.CreateTempSubdirectory("sticky-chaos-");
        await using var redis = await ChaosRedis.StartAsync(redisProgram, folder);
        using var settings = new ChaosSettings(options, folder, redis);
        await using var cluster = new ChaosCluster(settings);
        await cluster.StartAsync();
        await UntilAllAreReadyAsync(cluster);

        var recorder = new Recorder();
        using var exchange = new Exchange(recorder);
        var clients = Enumerable.Range(0, options.Clients).Select(number => new ChaosClient(number, exchange, cluster, options)).ToArray();
        var origin = Stopwatch.GetTimestamp();
        var log = new FaultLog(origin, print);
        print($"{"",8}  {options.Nodes} nodes, {options.Clients} clients, seed {options.Seed}, in {folder.FullName}; it is {DateTime.Now:HH:mm:ss.fff}");

        using var timeIsUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var clientsStop = new CancellationTokenSource();
        timeIsUp.CancelAfter(options.Duration);
        var load = Task.WhenAll(clients.Select(client => client.RunAsync(clientsStop.Token)));
        Convergence convergence;
        try
        {
            await new Nemesis(cluster, exchange, log).RunAsync(timeIsUp.Token);
            convergence = await new ConvergenceCheck(cluster, exchange, clients).RunAsync();
        }
        finally
        {
            await clientsStop.CancelAsync();
            await load;
        }

        var (executions, arrivals) = ExecutionLog.Read(settings.ExecutionLogs);
        var history = new History
        {
            Origin = origin,
            Operations = recorder.Operations,
            StreamEvents = recorder.StreamEvents,
            Executions = executions,
            Arrivals = arrivals,
            Faults = log.Records,
            Convergence = convergence,
        };
        return new ChaosReport(options, folder, history, Verdict.Of(history, options.IsStrict ? TimeSpan.Zero : options.ForkBound, CartPromise.Of(options)));
    }

    private static Task UntilAllAreReadyAsync(ChaosCluster cluster) => Hosts.Eventually.Async(
        async () =>
        {
            foreach (var node in cluster.Nodes)
            {
                using var answer = await cluster.Settings.Http.GetAsync(new Uri(node.Address, "/healthz/ready"));
                var view = await cluster.Settings.Http.GetStringAsync(new Uri(node.Address, "/view"));
                if (!answer.IsSuccessStatusCode || view.Split(' ').Length != cluster.Nodes.Count)
                {
                    return false;
                }
            }

            return true;
        },
        "all nodes are ready and see each other");
}
