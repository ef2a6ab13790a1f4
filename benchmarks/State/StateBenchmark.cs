using System.Globalization;
using StickySessions.Benchmarks.Scale;

namespace StickySessions.Benchmarks.State;

/// <summary>
/// The session that ASP.NET Core comes with, over a cache in Redis, and ours, whose every response waits for Redis: one process each and one real Redis,
/// driven in turns.
/// </summary>
internal static class StateBenchmark
{
    private const int WriteEveryTenth = 10;
    private const int WriteAlways = 1;
    private const int ReadAlways = 0;

    /// <summary>Takes <c>[rounds] [seconds of each turn] [sessions] [connections] [seconds to warm up]</c>.</summary>
    public static async Task RunAsync(string[] settings)
    {
        double Setting(int index, double unset) => settings.Length > index ? double.Parse(settings[index], CultureInfo.InvariantCulture) : unset;
        var (rounds, turn) = ((int)Setting(0, 15), TimeSpan.FromSeconds(Setting(1, 2)));
        var (sessions, connections, warmUp) = ((int)Setting(2, 3_000), (int)Setting(3, 32), TimeSpan.FromSeconds(Setting(4, 15)));
        await using var redis = await RedisServer.StartAsync();
        var ports = Ports.Free(2);
        using var stockProcess = await StateProcess.StartAsync(ports[0], Console.WriteLine, StateRoles.Stock, redis.Configuration);
        using var stickyProcess = await StateProcess.StartAsync(ports[1], Console.WriteLine, StateRoles.Sticky, redis.Configuration);
        var stock = new SessionContender("UseSession", stockProcess, redis, await SessionLoad.StartAsync(ports[0], connections, sessions));
        var sticky = new SessionContender("StickySessions", stickyProcess, redis, await SessionLoad.StartAsync(ports[1], connections, sessions));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{sessions} sessions of {SessionServer.ValueLength} B, {connections} connections, {rounds} rounds of {turn.TotalSeconds} s each; per request: CPU of the application + Redis"));

        await CompareAsync("9 reads to 1 write", stock, sticky, WriteEveryTenth, rounds, turn, warmUp);
        await CompareAsync("writes only", stock, sticky, WriteAlways, rounds, turn, warmUp / 3);

        foreach (var contender in new[] { stock, sticky })
        {
            Console.WriteLine($"{contender.Name}, Redis commands for each request that reads: {await contender.CommandsAsync(ReadAlways, turn)}");
            Console.WriteLine($"{contender.Name}, Redis commands for each request that writes: {await contender.CommandsAsync(WriteAlways, turn)}");
        }
    }

    private static async Task CompareAsync(
        string what, SessionContender stock, SessionContender sticky, int writeEvery, int rounds, TimeSpan turn, TimeSpan warmUp)
    {
        Console.WriteLine($"{what}; warm: {stock.Name} {await stock.RunAsync(writeEvery, warmUp)}, {sticky.Name} {await sticky.RunAsync(writeEvery, warmUp)}");
        var pairs = new List<(SessionTurn Stock, SessionTurn Sticky)>();
        for (var round = 0; round < rounds; round++)
        {
            // Who comes first alternates as well.
            var first = await (round % 2 == 0 ? stock : sticky).RunAsync(writeEvery, turn);
            var second = await (round % 2 == 0 ? sticky : stock).RunAsync(writeEvery, turn);
            pairs.Add(round % 2 == 0 ? (first, second) : (second, first));
            Console.WriteLine($"{stock.Name} {pairs[^1].Stock}   {sticky.Name} {pairs[^1].Sticky}");
        }

        Spread.Print($"{what}: requests/s", pairs.Select(pair => pair.Sticky.RequestsPerSecond / pair.Stock.RequestsPerSecond));
        Spread.Print($"{what}: CPU/request, application", pairs.Select(pair => pair.Sticky.Cpu / pair.Stock.Cpu));
        Spread.Print($"{what}: CPU/request, application and Redis", pairs.Select(pair => (pair.Sticky.Cpu + pair.Sticky.RedisCpu) / (pair.Stock.Cpu + pair.Stock.RedisCpu)));
    }
}
