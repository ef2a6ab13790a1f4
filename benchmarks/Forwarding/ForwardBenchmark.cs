using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace StickySessions.Benchmarks.Forwarding;

/// <summary>
/// What our forwarding costs beside a bare <c>IHttpForwarder</c> over h2c: two pairs of processes on one machine, driven in turns, so
/// that what else the machine does meanwhile meets both alike.
/// </summary>
internal static partial class ForwardBenchmark
{
    /// <summary>Takes <c>[rounds] [seconds of each turn] [connections]</c>.</summary>
    public static async Task RunAsync(string[] settings)
    {
        var (rounds, turn, connections) = ((int)Setting(settings, 0, 41), TimeSpan.FromSeconds(Setting(settings, 1, 1)), (int)Setting(settings, 2, 32));
        var ports = FreePorts(6);
        string[] nodes = [$"a=http://127.0.0.1:{ports[3]}", $"b=http://127.0.0.1:{ports[5]}"];

        using var owner = await ServerProcess.StartAsync(ServerRoles.Owner, $"{ports[0]}");
        using var ingress = await ServerProcess.StartAsync(ServerRoles.Ingress, $"{ports[1]}", $"http://127.0.0.1:{ports[0]}");
        using var nodeA = await ServerProcess.StartAsync([ServerRoles.Node, $"{ports[2]}", "a", .. nodes]);
        using var nodeB = await ServerProcess.StartAsync([ServerRoles.Node, $"{ports[4]}", "b", .. nodes]);
        var cookie = SessionCookie().Match(await LoadGenerator.AskAsync(ports[4])).Groups[1].Value;

        // The same cookie for both: it is part of what is forwarded.
        var bare = new Contender("bare", ingress, owner, ports[1], cookie, connections);
        var sticky = new Contender("sticky", nodeA, nodeB, ports[2], cookie, connections);
        await bare.WarmUpAsync();
        await sticky.WarmUpAsync();

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{connections} connections, {rounds} rounds of {turn.TotalSeconds} s each; per request: CPU of ingress + owner, allocated by ingress + owner"));
        var pairs = new List<(Turn Bare, Turn Sticky)>();
        for (var round = 0; round < rounds; round++)
        {
            // Who comes first alternates as well.
            var first = await (round % 2 == 0 ? bare : sticky).RunAsync(turn);
            var second = await (round % 2 == 0 ? sticky : bare).RunAsync(turn);
            pairs.Add(round % 2 == 0 ? (first, second) : (second, first));
            Print(pairs[^1]);
        }

        PrintSpread("requests/s", [.. pairs.Select(pair => pair.Sticky.RequestsPerSecond / pair.Bare.RequestsPerSecond)]);
        PrintSpread("CPU/request", [.. pairs.Select(pair => pair.Sticky.CpuPerRequest / pair.Bare.CpuPerRequest)]);
    }

    private static void Print((Turn Bare, Turn Sticky) pair) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"bare {pair.Bare}   sticky {pair.Sticky}   ratio {pair.Sticky.RequestsPerSecond / pair.Bare.RequestsPerSecond:0.000}"));

    private static void PrintSpread(string what, double[] ratios)
    {
        Array.Sort(ratios);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}, sticky to bare: median {ratios[ratios.Length / 2]:0.000}, half of all between {ratios[ratios.Length / 4]:0.000} and {ratios[ratios.Length * 3 / 4]:0.000}"));
    }

    private static double Setting(string[] settings, int index, double unset)
        => settings.Length > index ? double.Parse(settings[index], CultureInfo.InvariantCulture) : unset;

    /// <summary>The two nodes must know each other's ports before either starts.</summary>
    private static int[] FreePorts(int count)
    {
        var probes = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        Array.ForEach(probes, probe => probe.Start());
        int[] ports = [.. probes.Select(probe => ((IPEndPoint)probe.LocalEndpoint).Port)];
        Array.ForEach(probes, probe => probe.Dispose());
        return ports;
    }

    [GeneratedRegex("Set-Cookie: ([^;]+)")]
    private static partial Regex SessionCookie();
}
