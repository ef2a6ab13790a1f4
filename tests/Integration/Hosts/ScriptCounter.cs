using System.Globalization;
using StackExchange.Redis;

namespace StickySessions.Tests.Integration.Hosts;

/// <summary>What a redis-server counts of itself.</summary>
internal sealed class ScriptCounter : IAsyncDisposable
{
    private readonly ConnectionMultiplexer _connection;

    private ScriptCounter(ConnectionMultiplexer connection) => _connection = connection;

    public IServer Server => _connection.GetServers()[0];

    public static async Task<ScriptCounter> ConnectAsync(RedisServerProcess server)
        => new(await ConnectionMultiplexer.ConnectAsync(server.Configuration + ",allowAdmin=true"));

    public async Task<RedisWork> ReadAsync()
    {
        var fields = (await Server.InfoAsync("everything")).SelectMany(section => section).DistinctBy(pair => pair.Key).ToDictionary();
        return new RedisWork(
            Calls(fields, "evalsha") + Calls(fields, "eval"),
            Calls(fields, "time"),
            long.Parse(fields["total_net_output_bytes"], CultureInfo.InvariantCulture));
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private static long Calls(Dictionary<string, string> fields, string command)
        => fields.TryGetValue("cmdstat_" + command, out var line)
            ? long.Parse(line.Split(',')[0]["calls=".Length..], CultureInfo.InvariantCulture)
            : 0;
}

/// <param name="Scripts">How many scripts have run.</param>
/// <param name="Beats">How many of them were beats: while nobody is suspected, only these ask for the time.</param>
/// <param name="BytesOut">How much was answered.</param>
internal readonly record struct RedisWork(long Scripts, long Beats, long BytesOut)
{
    public static RedisWork operator -(RedisWork one, RedisWork other)
        => new(one.Scripts - other.Scripts, one.Beats - other.Beats, one.BytesOut - other.BytesOut);
}
