using System.Diagnostics;
using System.Globalization;
using StickySessions.Benchmarks.Scale;

namespace StickySessions.Benchmarks.State;

/// <summary>
/// Very many live sessions of 1 KB: what each takes of its node's heap beyond its data, how long the garbage collector stops a node beside one with a
/// dictionary of the same data, and what requests feel when very many sessions expire.
/// </summary>
internal static class MillionBenchmark
{
    /// <summary>Until all code has run that allocates something once.</summary>
    private const int WarmSessions = 2_000;

    /// <summary>The runtime tells of a pause a little later.</summary>
    private static readonly TimeSpan UntilTold = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(50);
    /// <summary>By then a node has let go of what it keeps only for sessions that are in use.</summary>
    private static readonly TimeSpan UntilUnused = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan ExpiresAfter = TimeSpan.FromSeconds(20);

    /// <summary>Takes <c>[sessions in all] [node processes] [rounds] [seconds of each turn] [requests per second] [sessions that expire]</c>.</summary>
    public static async Task RunAsync(string[] settings)
    {
        int Setting(int index, int unset) => settings.Length > index ? int.Parse(settings[index], CultureInfo.InvariantCulture) : unset;
        var (sessions, processes) = (Setting(0, 1_000_000), Setting(1, 3));
        var (rounds, turn, rate, expiring) = (Setting(2, 5), TimeSpan.FromSeconds(Setting(3, 20)), Setting(4, 1_000), Setting(5, 100_000));
        var perProcess = sessions / processes;
        var nodes = new List<StateProcess>();
        try
        {
            string[] cookies = [];
            for (var process = 0; process < processes; process++)
            {
                nodes.Add(await StartAsync(StateRoles.Held, ExpiresAfter.TotalSeconds.ToString(CultureInfo.InvariantCulture)));
                cookies = await FillAsync($"node {process + 1}", nodes[^1], perProcess);
            }

            using var plain = await StartAsync(StateRoles.Plain);
            var keys = await FillAsync("dictionary", plain, perProcess);

            await ComparePausesAsync((nodes[^1], cookies), (plain, keys), rounds, turn, rate);
            await ExpireAsync(nodes[^1], new PacedLoad(nodes[^1].Port, cookies, rate), expiring, turn);
        }
        finally
        {
            nodes.ForEach(node => node.Dispose());
        }
    }

    private static Task<StateProcess> StartAsync(params string[] role) => StateProcess.StartAsync(Ports.Free(1)[0], Console.WriteLine, role);

    /// <returns>Cookies of some of the sessions.</returns>
    private static async Task<string[]> FillAsync(string name, StateProcess process, int count)
    {
        await process.AskAsync($"/fill/{WarmSessions}");
        var before = await HeapAsync(process);
        var watch = Stopwatch.StartNew();
        var cookies = await process.AskAsync($"/fill/{count}");
        var elapsed = watch.Elapsed;
        var beyond = ((double)(await HeapAsync(process) - before) / count) - HeldServer.ValueLength;
        await Task.Delay(UntilUnused);
        var unused = ((double)(await HeapAsync(process) - before) / count) - HeldServer.ValueLength;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {count} sessions within {elapsed.TotalSeconds:0.0} s; heap for each beyond the {HeldServer.ValueLength} B of data: {beyond:0} B, and {unused:0} B after {UntilUnused.TotalSeconds} s without a request"));
        return cookies.Split('\n');
    }

    private static async Task<long> HeapAsync(StateProcess process) => long.Parse(await process.AskAsync("/heap"), CultureInfo.InvariantCulture);

    private static async Task ComparePausesAsync((StateProcess Process, string[] Cookies) node, (StateProcess Process, string[] Cookies) plain, int rounds, TimeSpan turn, int rate)
    {
        for (var round = 0; round <= rounds; round++)
        {
            foreach (var (name, one) in new[] { ("node", node), ("dictionary", plain) })
            {
                await one.Process.AskAsync("/pauses");
                using var stop = new CancellationTokenSource(turn);
                var timed = await new PacedLoad(one.Process.Port, one.Cookies, rate).RunAsync(stop.Token);
                var pauses = PauseFigures.Parse(await one.Process.AskAsync("/pauses"));
                var full = double.Parse(await one.Process.AskAsync("/collect"), CultureInfo.InvariantCulture);
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{(round == 0 ? "warm-up" : $"round {round}")}, {name}: {timed.Length} requests, {Latencies(timed)}; {pauses.Describe()}; a full blocking collection {full:0.0} ms"));
            }
        }
    }

    private static async Task ExpireAsync(StateProcess node, PacedLoad load, int expiring, TimeSpan before)
    {
        await node.AskAsync($"/fill/{expiring}?brief=true");
        await HeapAsync(node); // what filling left behind is not what is measured
        await Task.Delay(UntilTold);
        await node.AskAsync("/pauses");
        using var stop = new CancellationTokenSource();
        var began = Stopwatch.GetTimestamp();
        var running = load.RunAsync(stop.Token);
        var full = await HeldAsync(node);
        var (first, last) = (0L, 0L);
        for (var held = full; held > full - expiring; held = await HeldAsync(node))
        {
            first = held == full ? Stopwatch.GetTimestamp() : first;
            await Task.Delay(BetweenLooks);
        }

        last = Stopwatch.GetTimestamp();
        await Task.Delay(before / 4);
        await stop.CancelAsync();
        var timed = await running;
        var pauses = PauseFigures.Parse(await node.AskAsync("/pauses"));
        var length = last - first;
        var quiet = timed.Where(one => one.Sent < first).GroupBy(one => (one.Sent - began) / length).Select(window => window.Max(one => one.Milliseconds)).ToArray();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{expiring} of {full} sessions expired within {(double)length / Stopwatch.Frequency:0.00} s: {Latencies([.. timed.Where(one => one.Sent >= first && one.Sent <= last)])}; {pauses.Describe()}"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"before: {Latencies([.. timed.Where(one => one.Sent < first)])}; the longest of each as long time: {string.Join(", ", quiet.Select(longest => longest.ToString("0.0", CultureInfo.InvariantCulture)))} ms"));
    }

    private static async Task<int> HeldAsync(StateProcess node) => int.Parse(await node.AskAsync("/held"), CultureInfo.InvariantCulture);

    private static string Latencies(Timed[] timed)
    {
        double[] sorted = [.. timed.Select(one => one.Milliseconds).Order()];
        return sorted.Length == 0 ? "no requests" : string.Create(
            CultureInfo.InvariantCulture, $"median {sorted[sorted.Length / 2]:0.00} ms, 99.9 % {sorted[(int)(sorted.Length * 0.999)]:0.0} ms, longest {sorted[^1]:0.0} ms");
    }
}
