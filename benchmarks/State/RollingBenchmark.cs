using System.Globalization;
using StickySessions.Benchmarks.Scale;

namespace StickySessions.Benchmarks.State;

/// <summary>
/// A deployment: three nodes are replaced one by one, while clients use many sessions, and others are connected by SignalR. Once with Redis and once
/// without.
/// </summary>
internal static class RollingBenchmark
{
    private const int AtOnce = 32;
    private static readonly TimeSpan BetweenNodes = TimeSpan.FromSeconds(5);

    /// <summary>Takes <c>[redis|static|both] [sessions] [requests per second] [connections of SignalR]</c>.</summary>
    public static async Task RunAsync(string[] settings)
    {
        int Setting(int index, int unset) => settings.Length > index ? int.Parse(settings[index], CultureInfo.InvariantCulture) : unset;
        var which = settings.Length > 0 ? settings[0] : "both";
        var (sessions, rate, connections) = (Setting(1, 30_000), Setting(2, 200), Setting(3, 300));
        if (which is "redis" or "both")
        {
            await using var redis = await RedisServer.StartAsync();
            await RunAsync("with Redis, BeforeResponse", (_, _) => redis.Configuration, sessions, rate, connections);
        }

        if (which is "static" or "both")
        {
            await RunAsync(
                "without Redis", (names, ports) => RollingServer.StaticCluster + string.Join(',', names.Zip(ports, (name, port) => $"{name}=http://127.0.0.1:{port}")), sessions, rate, connections);
        }
    }

    private static async Task RunAsync(string what, Func<string[], int[], string> cluster, int sessions, int rate, int connections)
    {
        string[] names = ["web-1", "web-2", "web-3"];
        var (ports, interconnects) = (Ports.Free(3), Ports.Free(3));
        var nodes = new StateProcess?[names.Length];
        var log = new RollingLog();
        Task<StateProcess> StartAsync(int node) => StateProcess.StartAsync(
            ports[node], line => log.Tell(names[node], line), StateRoles.Rolling, names[node], $"http://127.0.0.1:{interconnects[node]}", cluster(names, interconnects));
        try
        {
            for (var node = 0; node < nodes.Length; node++)
            {
                nodes[node] = await StartAsync(node);
            }

            await using var balancer = new Balancer(nodes.Select(node => node!.Address));
            await balancer.UntilAllAreReadyAsync();
            await Task.Delay(BetweenNodes); // until each has seen all others, too
            using var visitors = new RollingVisitors(balancer);
            await using var hubs = new RollingConnections(balancer);
            await visitors.BeginAsync(sessions, AtOnce);
            await hubs.BeginAsync(connections);
            Console.WriteLine($"{what}: {sessions} sessions of {RollingServer.ValueLength} B, {rate} requests/s, {connections} connections of SignalR");

            using var stop = new CancellationTokenSource();
            var running = Task.WhenAll(visitors.RunAsync(rate, stop.Token), hubs.RunAsync(stop.Token));
            for (var node = 0; node < nodes.Length; node++)
            {
                await Task.Delay(BetweenNodes);
                var took = await nodes[node]!.StopAsync();
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{names[node]} was told to stop, and had drained and ended {took.TotalSeconds:0.0} s later"));
                nodes[node]!.Dispose();
                nodes[node] = null;
                nodes[node] = await StartAsync(node);
                await balancer.UntilAllAreReadyAsync();
            }

            await Task.Delay(2 * BetweenNodes);
            await stop.CancelAsync();
            await running;
            Console.WriteLine($"{what}: {visitors}");
            Console.WriteLine($"{what}: {hubs}");
            await visitors.LookAtAllAsync(AtOnce);
            Console.WriteLine($"{what}, warnings of the nodes: {log}");
            Console.WriteLine($"{what}, after a last look at every session: {visitors}");
        }
        finally
        {
            foreach (var node in nodes)
            {
                node?.Dispose();
            }
        }
    }
}
