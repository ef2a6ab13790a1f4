using System.Diagnostics;
using System.Globalization;
using StickySessions.Benchmarks.Forwarding;

namespace StickySessions.Benchmarks.State;

/// <summary>A server of these benchmarks in a process of its own, which is asked and told by HTTP.</summary>
internal sealed class StateProcess : IDisposable
{
    public static readonly HttpClient Client = new(new SocketsHttpHandler { UseCookies = false }) { Timeout = TimeSpan.FromMinutes(10) };

    private readonly Process _process;

    private StateProcess(Process process, int port)
    {
        _process = process;
        Port = port;
    }

    public int Port { get; }

    public Uri Address => new($"http://127.0.0.1:{Port}");

    /// <param name="port">Where it listens.</param>
    /// <param name="tell">Gets what it logs, line by line.</param>
    /// <param name="role">What it is, without the port: see <see cref="StateRoles"/>.</param>
    public static async Task<StateProcess> StartAsync(int port, Action<string> tell, params string[] role)
    {
        var start = new ProcessStartInfo(
            Environment.ProcessPath!,
            [
                .. Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? new[] { Environment.GetCommandLineArgs()[0] } : [],
                StateRoles.Command, port.ToString(CultureInfo.InvariantCulture), .. role,
            ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        // As web applications run by default, unlike a console program.
        start.Environment["DOTNET_gcServer"] = "1";
        var server = new StateProcess(Process.Start(start)!, port);
        server._process.OutputDataReceived += (_, line) => tell(line.Data ?? "");
        server._process.BeginOutputReadLine();
        await server.UntilItListensAsync();
        return server;
    }

    public Task<string> AskAsync(string path) => Client.GetStringAsync(new Uri(Address, path));

    public async Task<Usage> MeasureAsync()
    {
        var parts = (await AskAsync("/usage")).Split(' ');
        return new Usage(double.Parse(parts[0], CultureInfo.InvariantCulture), long.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    /// <summary>SIGTERM, as a deployment sends it.</summary>
    /// <returns>How long it took to end.</returns>
    public async Task<TimeSpan> StopAsync()
    {
        var since = Stopwatch.GetTimestamp();
        using (var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }

        await _process.WaitForExitAsync();
        return Stopwatch.GetElapsedTime(since);
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private async Task UntilItListensAsync()
    {
        for (var since = Stopwatch.GetTimestamp(); ;)
        {
            try
            {
                await MeasureAsync();
                return;
            }
            catch (HttpRequestException) when (Stopwatch.GetElapsedTime(since) < TimeSpan.FromMinutes(1) && !_process.HasExited)
            {
                await Task.Delay(50);
            }
        }
    }
}
