using System.Diagnostics;
using System.Globalization;

namespace StickySessions.Benchmarks.Scale;

/// <summary>From SIGKILL of a session's owner to the first good answer that its client gets from another node.</summary>
internal static class CrashBenchmark
{
    private static readonly TimeSpan BetweenRequests = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan GiveUp = TimeSpan.FromSeconds(30);

    /// <summary>Takes <c>[kills of each mode]</c>.</summary>
    public static async Task RunAsync(string[] settings)
    {
        var kills = settings.Length > 0 ? int.Parse(settings[0], CultureInfo.InvariantCulture) : 30;
        await using var redis = await RedisServer.StartAsync();
        await RunAsync(redis.Configuration, kills, expireOnRefused: true);
        await redis.Server.FlushAllDatabasesAsync();
        await RunAsync(redis.Configuration, Math.Max(kills / 3, 1), expireOnRefused: false);
    }

    private static async Task RunAsync(string redis, int kills, bool expireOnRefused)
    {
        var names = new[] { "web-1", "web-2", "web-3" };
        var nodes = names.ToDictionary(name => name, name => NodeProcess.Start(name, redis, expireOnRefused));
        var times = new List<double>();
        var errors = new List<int>();
        try
        {
            for (var kill = 0; kill < kills; kill++)
            {
                await Task.WhenAll(nodes.Values.Select(node => node.UntilItSeesAsync(names)));
                var victim = nodes[names[kill % names.Length]];
                var ingress = nodes[names[(kill + 1) % names.Length]];
                var bound = await victim.AskAsync(cookie: null);
                var warm = await ingress.AskAsync(bound.Cookie);
                if ((bound.Status, warm.Status, warm.Body) != (200, 200, victim.Name))
                {
                    throw new InvalidOperationException($"Not bound to {victim.Name}: {bound} {warm}");
                }

                // At another moment of the beat each time.
                await Task.Delay(Random.Shared.Next(1000));
                var began = Stopwatch.GetTimestamp();
                victim.Kill();
                var failed = 0;
                while (true)
                {
                    var answer = await ingress.AskAsync(bound.Cookie);
                    if (answer.Status == 200 && answer.Body != victim.Name)
                    {
                        break;
                    }

                    failed++;
                    if (Stopwatch.GetElapsedTime(began) > GiveUp)
                    {
                        throw new TimeoutException($"No good answer: {answer}");
                    }

                    await Task.Delay(BetweenRequests);
                }

                times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                errors.Add(failed);
                victim.Dispose();
                nodes[victim.Name] = NodeProcess.Start(victim.Name, redis, expireOnRefused);
            }
        }
        finally
        {
            foreach (var node in nodes.Values)
            {
                node.Dispose();
            }
        }

        times.Sort();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"early expiry {(expireOnRefused ? "on" : "off")}, {kills} kills: median {times[times.Count / 2]:0} ms, half of all between {times[times.Count / 4]:0} and {times[times.Count * 3 / 4]:0} ms, worst {times[^1]:0} ms; requests that failed meanwhile: {errors.Average():0.0} on average, {errors.Max()} at most"));
    }
}
