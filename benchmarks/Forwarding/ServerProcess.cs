using System.Diagnostics;
using System.Globalization;

namespace StickySessions.Benchmarks.Forwarding;

/// <summary>What a server has used up since it started.</summary>
internal readonly record struct Usage(double CpuMicroseconds, long AllocatedBytes)
{
    public static Usage operator -(Usage one, Usage other) => new(one.CpuMicroseconds - other.CpuMicroseconds, one.AllocatedBytes - other.AllocatedBytes);
}

/// <summary>A server in a process of its own; it answers each line on its standard input with its usage and ends with it.</summary>
internal sealed class ServerProcess : IDisposable
{
    public const string Command = "server";

    private readonly Process _process;

    private ServerProcess(Process process) => _process = process;

    public static async Task<ServerProcess> StartAsync(params string[] role)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [Command, .. role])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        // As web applications run by default, unlike a console program.
        start.Environment["DOTNET_gcServer"] = "1";
        var server = new ServerProcess(Process.Start(start)!);
        await server.MeasureAsync();
        return server;
    }

    public async Task<Usage> MeasureAsync()
    {
        await _process.StandardInput.WriteLineAsync();
        await _process.StandardInput.FlushAsync();
        var parts = (await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("A server has ended.")).Split(' ');
        return new Usage(double.Parse(parts[0], CultureInfo.InvariantCulture), long.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    /// <summary>The other side, in the server's own process.</summary>
    public static async Task ServeParentAsync()
    {
        while (await Console.In.ReadLineAsync() is not null)
        {
            var cpu = Environment.CpuUsage.TotalTime.TotalMicroseconds;
            await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{cpu} {GC.GetTotalAllocatedBytes()}"));
        }
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(5)))
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
