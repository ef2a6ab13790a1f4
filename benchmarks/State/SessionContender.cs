using System.Globalization;
using StickySessions.Benchmarks.Scale;

namespace StickySessions.Benchmarks.State;

/// <summary>What one turn measured; CPU in microseconds for each request.</summary>
internal sealed record SessionTurn(double RequestsPerSecond, double Cpu, double RedisCpu)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{RequestsPerSecond,6:0}/s {Cpu,5:0.0} + {RedisCpu,4:0.0} us");
}

/// <summary>An application with sessions in Redis, and how it is driven.</summary>
internal sealed class SessionContender(string name, StateProcess process, RedisServer redis, SessionLoad load)
{
    public string Name => name;

    public async Task<SessionTurn> RunAsync(int writeEvery, TimeSpan duration)
    {
        var (before, redisBefore) = (await process.MeasureAsync(), await redis.UseAsync());
        var (requests, elapsed) = await load.RunAsync(writeEvery, duration);
        var (used, redisUsed) = (await process.MeasureAsync() - before, await redis.UseAsync() - redisBefore);
        return new SessionTurn(requests / elapsed.TotalSeconds, used.CpuMicroseconds / requests, redisUsed.CpuSeconds * 1e6 / requests);
    }

    /// <summary>
    /// The commands that Redis ran for each request, without those that it runs while there is no request. What a script runs is counted beside the script
    /// itself (<c>evalsha</c>), which is one round trip.
    /// </summary>
    public async Task<string> CommandsAsync(int writeEvery, TimeSpan duration)
    {
        var idleBefore = await redis.CallsAsync();
        await Task.Delay(duration);
        var before = await redis.CallsAsync();
        var (requests, elapsed) = await load.RunAsync(writeEvery, duration);
        var after = await redis.CallsAsync();
        var counts =
            from command in after.Keys
            let idle = Difference(before, idleBefore, command) * (elapsed / duration)
            let calls = (Difference(after, before, command) - idle) / requests
            where Math.Abs(calls) >= 0.001
            orderby command
            select string.Create(CultureInfo.InvariantCulture, $"{command} {calls:0.000}");
        return string.Join(", ", counts.DefaultIfEmpty("none"));
    }

    private static double Difference(Dictionary<string, long> after, Dictionary<string, long> before, string command)
        => after.GetValueOrDefault(command) - before.GetValueOrDefault(command);
}
