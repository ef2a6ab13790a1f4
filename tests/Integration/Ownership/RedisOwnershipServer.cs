using System.Diagnostics;

namespace StickySessions.Tests.Integration.Ownership;

/// <summary>A real <c>redis-server</c> that can be frozen.</summary>
public sealed class RedisOwnershipServer : IOwnershipServer
{
    private static readonly string? Program = (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, "redis-server"))
        .FirstOrDefault(File.Exists);

    private Process? _process;

    public string? Missing => Program is null ? "redis-server is not installed" : null;

    public int Port { get; private set; }

    public async ValueTask InitializeAsync()
    {
        for (var attempt = 1; Program is not null && !await TryStartAsync(Program); attempt++)
        {
            await DisposeAsync();
            Assert.True(attempt < 5, "redis-server did not start");
        }
    }

    public void Freeze() => Signal("-STOP");

    public void Thaw() => Signal("-CONT");

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
    }

    private void Signal(string signal)
    {
        using var kill = Process.Start("kill", [signal, $"{_process!.Id}"]);
        kill.WaitForExit();
    }

    private async Task<bool> TryStartAsync(string program)
    {
        Port = GarnetOwnershipServer.FreePort();
        _process = Process.Start(new ProcessStartInfo(program, ["--port", $"{Port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        {
            RedirectStandardOutput = true,
        })!;
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.Contains("Ready to accept connections", StringComparison.Ordinal))
            {
                // Whatever else it prints must not fill the pipe and block it.
                _ = _process.StandardOutput.ReadToEndAsync();
                return true;
            }
        }

        return false;
    }
}
