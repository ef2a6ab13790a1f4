using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;

namespace StickySessions.Benchmarks.Scale;

/// <summary>A real redis-server of the benchmark's own, and what it counts.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("sticky-redis-");
    private readonly Process _process;
    private readonly IConnectionMultiplexer _connection;

    private RedisServer(Process process, IConnectionMultiplexer connection, string configuration)
    {
        _process = process;
        _connection = connection;
        Configuration = configuration;
    }

    public string Configuration { get; }

    public IServer Server => _connection.GetServers()[0];

    public static async Task<RedisServer> StartAsync()
    {
        var port = Ports.Free(1)[0];
        var process = Process.Start(new ProcessStartInfo(
            "redis-server", ["--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--loglevel", "warning"])
        {
            RedirectStandardOutput = true,
        })!;
        var configuration = $"127.0.0.1:{port},abortConnect=false";
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return new RedisServer(process, await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{port},allowAdmin=true"), configuration);
            }
            catch (RedisConnectionException) when (attempt < 10)
            {
                await Task.Delay(100);
            }
        }
    }

    public async Task<RedisUse> UseAsync()
    {
        var sections = (await Server.InfoAsync("everything")).SelectMany(section => section).DistinctBy(pair => pair.Key).ToDictionary(pair => pair.Key, pair => pair.Value);
        long Calls(string command) => sections.TryGetValue("cmdstat_" + command, out var line)
            ? long.Parse(line.Split(',')[0]["calls=".Length..], CultureInfo.InvariantCulture)
            : 0;
        long Number(string field) => long.Parse(sections[field], CultureInfo.InvariantCulture);
        return new RedisUse(
            Stopwatch.GetTimestamp(),
            Calls("evalsha") + Calls("eval"),
            Calls("time"),
            Number("total_net_input_bytes"),
            Number("total_net_output_bytes"),
            double.Parse(sections["used_cpu_sys"], CultureInfo.InvariantCulture) + double.Parse(sections["used_cpu_user"], CultureInfo.InvariantCulture));
    }

    /// <summary>How often each command ran, those within scripts included.</summary>
    public async Task<Dictionary<string, long>> CallsAsync()
        => (await Server.InfoAsync("commandstats")).SelectMany(section => section).ToDictionary(
            pair => pair.Key["cmdstat_".Length..],
            pair => long.Parse(pair.Value.Split(',')[0]["calls=".Length..], CultureInfo.InvariantCulture));

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _directory.Delete(recursive: true);
    }
}

/// <param name="At">When it was read.</param>
/// <param name="Scripts">How many scripts have run.</param>
/// <param name="Beats">How many of them were beats: while nobody is suspected, only these ask for the time.</param>
/// <param name="BytesIn">What came in from the network.</param>
/// <param name="BytesOut">What went out.</param>
/// <param name="CpuSeconds">The CPU time used.</param>
internal readonly record struct RedisUse(long At, long Scripts, long Beats, long BytesIn, long BytesOut, double CpuSeconds)
{
    public double Seconds => (double)At / Stopwatch.Frequency;

    public static RedisUse operator -(RedisUse one, RedisUse other) => new(
        one.At - other.At, one.Scripts - other.Scripts, one.Beats - other.Beats, one.BytesIn - other.BytesIn, one.BytesOut - other.BytesOut, one.CpuSeconds - other.CpuSeconds);

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Scripts / Seconds:0} scripts/s, {(double)Scripts / Beats:0.000} scripts a beat, {BytesIn / Beats} bytes in and {BytesOut / Beats} out a beat, Redis {CpuSeconds / Seconds * 100:0} % of a core");
}

internal static class Ports
{
    /// <summary>Free now; who needs to know ports before it starts has no better way.</summary>
    public static int[] Free(int count)
    {
        var probes = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        Array.ForEach(probes, probe => probe.Start());
        int[] ports = [.. probes.Select(probe => ((IPEndPoint)probe.LocalEndpoint).Port)];
        Array.ForEach(probes, probe => probe.Dispose());
        return ports;
    }
}
