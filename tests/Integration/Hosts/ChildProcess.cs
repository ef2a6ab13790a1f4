using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace StickySessions.Tests.Integration.Hosts;

/// <summary>A program that a test started. It ends with the test, or else with the process of the tests.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);

    private readonly string _name;
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();

    private ChildProcess(string name, Process process)
    {
        _name = name;
        _process = process;

        // Read all the time: a full pipe would block it.
        process.OutputDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>What it has written so far, line by line.</summary>
    public IEnumerable<string> Output => _output;

    /// <param name="name">What messages call it.</param>
    /// <param name="program">Where the program is.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="isReady">Whether it does its work by now.</param>
    /// <param name="environment">What its environment says besides what this one's does.</param>
    /// <exception cref="SocketException">Its port is taken.</exception>
    public static async Task<ChildProcess> StartAsync(
        string name,
        string program,
        IEnumerable<string> arguments,
        Func<ChildProcess, Task<bool>> isReady,
        params IEnumerable<(string Name, string Value)> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (variable, value) in environment)
        {
            start.Environment[variable] = value;
        }

        var child = new ChildProcess(name, await TiedProcesses.StartAsync(start));
        try
        {
            await Eventually.Async(() => child.IsAsync(isReady), $"{name} is ready", StartTimeout);
            return child;
        }
        catch
        {
            await child.DisposeAsync();
            throw;
        }
    }

    /// <param name="signal">As <c>kill</c> calls it, without SIG.</param>
    public void Signal(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Ends it without a goodbye, as a crash does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
    }

    public Task WaitForExitAsync() => Eventually.Async(() => HasExited, $"{this} ends");

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    public override string ToString() => $"{_name}, which says:\n{string.Join('\n', _output)}\n";

    private async Task<bool> IsAsync(Func<ChildProcess, Task<bool>> isReady)
    {
        if (_process.HasExited)
        {
            // Until all it wrote has been read.
            await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
            throw _output.Any(line => line.Contains("address already in use", StringComparison.OrdinalIgnoreCase))
                ? new SocketException((int)SocketError.AddressAlreadyInUse)
                : new InvalidOperationException($"Exit code {_process.ExitCode}: {this}");
        }

        return await isReady(this);
    }
}
