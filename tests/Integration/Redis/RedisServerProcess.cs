using System.Diagnostics;

namespace StickySessions.Tests.Integration.Redis;

/// <summary>A real <c>redis-server</c> that can be stopped, started again and frozen.</summary>
public sealed class RedisServerProcess : IRedisServer
{
    private const string Program = "redis-server";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sticky-redis-");
    private Process? _process;
    private int _port;

    public string? Missing { get; } = IsInstalled() ? null : $"{Program} is not installed";

    public string Configuration => $"127.0.0.1:{_port}";

    public async ValueTask InitializeAsync()
    {
        if (Missing is not null)
        {
            return;
        }

        for (var attempt = 1; ; attempt++)
        {
            _port = EmbeddedGarnet.FreePort();
            if (await TryStartAsync())
            {
                return;
            }

            Assert.True(attempt < 5, $"{Program} did not start");
        }
    }

    public async Task StartAgainAsync() => Assert.True(await TryStartAsync(), $"{Program} did not start again");

    public async Task StopAsync()
    {
        if (_process is { } process)
        {
            _process = null;
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }

    public Task FreezeAsync() => SignalAsync("-STOP");

    public Task ThawAsync() => SignalAsync("-CONT");

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Delete(recursive: true);
    }

    private static bool IsInstalled()
        => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, Program)));

    private async Task<bool> TryStartAsync()
    {
        var start = new ProcessStartInfo(Program) { RedirectStandardOutput = true };
        foreach (var argument in new[] { "--port", $"{_port}", "--bind", "127.0.0.1", "--dir", _folder.FullName, "--save", "", "--appendonly", "no" })
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start)!;
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.Contains("Ready to accept connections", StringComparison.Ordinal))
            {
                // A full pipe would block the server.
                _ = _process.StandardOutput.ReadToEndAsync();
                return true;
            }
        }

        await StopAsync();
        return false;
    }

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [signal, $"{_process!.Id}"]);
        await kill.WaitForExitAsync();
    }
}
