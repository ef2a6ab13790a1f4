using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace StickySessions.Benchmarks.Scale;

/// <summary>
/// The owner of many sessions is killed, and all of them are asked for at a high rate. What other sessions feel of it: turns with and
/// without the flood alternate.
/// </summary>
internal static partial class OrphansBenchmark
{
    private const int OtherSessions = 16;
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Think = TimeSpan.FromMilliseconds(20);

    /// <summary>Takes <c>[orphans] [asked for each second]</c>.</summary>
    public static async Task RunAsync(string[] settings)
    {
        var count = settings.Length > 0 ? int.Parse(settings[0], CultureInfo.InvariantCulture) : 100_000;
        var rate = settings.Length > 1 ? int.Parse(settings[1], CultureInfo.InvariantCulture) : 2_000;
        await using var redis = await RedisServer.StartAsync();
        using var one = NodeProcess.Start("web-1", redis.Configuration, expireOnRefused: true);
        using var two = NodeProcess.Start("web-2", redis.Configuration, expireOnRefused: true);
        using var victim = NodeProcess.Start("web-3", redis.Configuration, expireOnRefused: true);
        NodeProcess[] survivors = [one, two];
        await Task.WhenAll(new[] { one, two, victim }.Select(node => node.UntilItSeesAsync("web-1", "web-2", "web-3")));

        var tokens = new ConcurrentQueue<string>((await NodeProcess.Client.GetStringAsync(new Uri(victim.Address, $"/tokens/{count}"))).Split('\n'));
        var others = await Task.WhenAll(Enumerable.Range(0, OtherSessions).Select(async which => (await survivors[which % 2].AskAsync(null)).Cookie!));
        victim.Kill();

        // Some of all: the code is compiled, and the victim is found to be gone.
        var warm = await FloodAsync(survivors, tokens, Math.Min(rate, 500), TimeSpan.FromSeconds(10));
        await Task.WhenAll(survivors.Select(node => node.UntilItSeesAsync("web-1", "web-2")));
        await LatenciesAsync(survivors, others, Turn);
        Console.WriteLine($"{count} orphans, {rate} asked for each second by new requests at both other nodes; {OtherSessions} other sessions with a request every {Think.TotalMilliseconds} ms; warmed up with {warm}");

        var (quietMedians, floodMedians, quiet99, flood99) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        var total = new Flood(0, 0, []);
        var scripts = 0L;
        for (var round = 0; !tokens.IsEmpty; round++)
        {
            var withoutFlood = await LatenciesAsync(survivors, others, Turn);
            var before = await redis.UseAsync();
            var flooding = FloodAsync(survivors, tokens, rate, Turn);
            var withFlood = await LatenciesAsync(survivors, others, Turn);
            total += await flooding;
            scripts += (await redis.UseAsync() - before).Scripts;
            quietMedians.Add(Percentile(withoutFlood, 0.5));
            floodMedians.Add(Percentile(withFlood, 0.5));
            quiet99.Add(Percentile(withoutFlood, 0.99));
            flood99.Add(Percentile(withFlood, 0.99));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"asked for: {total}"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"scripts for each orphan that was asked for, beats included: {(double)scripts / total.Asked:0.000}"));
        Print("median", quietMedians, floodMedians);
        Print("99th percentile", quiet99, flood99);
    }

    /// <summary>Requests go out at their time, whether those before were answered or not.</summary>
    private static async Task<Flood> FloodAsync(NodeProcess[] nodes, ConcurrentQueue<string> tokens, int rate, TimeSpan duration)
    {
        var began = Stopwatch.GetTimestamp();
        var asked = new List<Task<Answer>>();
        while (Stopwatch.GetElapsedTime(began) < duration && !tokens.IsEmpty)
        {
            var due = Stopwatch.GetElapsedTime(began).TotalSeconds * rate;
            while (asked.Count < due && tokens.TryDequeue(out var token))
            {
                asked.Add(nodes[asked.Count % nodes.Length].AskAsync($".StickySession={token}"));
            }

            await Task.Delay(Tick);
        }

        var answers = await Task.WhenAll(asked);
        return new Flood(
            answers.Length,
            answers.Count(answer => answer.Status == 200),
            [.. answers.Where(answer => answer.Status != 200).Select(answer => Reason().Match(answer.Body) is { Success: true } match ? match.Groups[1].Value : $"{answer.Status}")]);
    }

    private static async Task<double[]> LatenciesAsync(NodeProcess[] nodes, string[] cookies, TimeSpan duration)
    {
        var began = Stopwatch.GetTimestamp();
        var all = await Task.WhenAll(cookies.Select((cookie, which) => Task.Run(async () =>
        {
            var latencies = new List<double>();

            // Half of them enter at their owner, the others at the other node.
            var node = nodes[(which + (which / 2)) % nodes.Length];
            while (Stopwatch.GetElapsedTime(began) < duration)
            {
                var sent = Stopwatch.GetTimestamp();
                if (await node.AskAsync(cookie) is { Status: not 200 } failed)
                {
                    throw new InvalidOperationException($"Another session was not served: {failed}");
                }

                latencies.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
                await Task.Delay(Think);
            }

            return latencies;
        })));
        return [.. all.SelectMany(latencies => latencies)];
    }

    private static double Percentile(double[] values, double which)
    {
        Array.Sort(values);
        return values[(int)(values.Length * which)];
    }

    private static void Print(string what, List<double> quiet, List<double> flood)
    {
        double[] ratios = [.. quiet.Zip(flood, (without, with) => with / without).Order()];
        quiet.Sort();
        flood.Sort();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what} of other sessions' latency: {quiet[quiet.Count / 2]:0.00} ms without, {flood[flood.Count / 2]:0.00} ms with the flood; ratio of the {ratios.Length} pairs: median {ratios[ratios.Length / 2]:0.00}, half of all between {ratios[ratios.Length / 4]:0.00} and {ratios[ratios.Length * 3 / 4]:0.00}, worst {ratios[^1]:0.00}"));
    }

    [GeneratedRegex("\"reason\":\"([^\"]+)")]
    private static partial Regex Reason();

    private sealed record Flood(int Asked, int Good, ImmutableArray<string> Reasons)
    {
        public static Flood operator +(Flood one, Flood other) => new(one.Asked + other.Asked, one.Good + other.Good, one.Reasons.AddRange(other.Reasons));

        public override string ToString()
            => $"{Asked} orphans, of which {Good} were answered well{string.Concat(Reasons.CountBy(reason => reason).Select(pair => $", {pair.Value} {pair.Key}"))}";
    }
}
