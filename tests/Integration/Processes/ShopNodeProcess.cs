using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Processes;

/// <summary>One node of the shop as a deployment runs it: a process of its own.</summary>
internal sealed class ShopNodeProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _log = new();

    private ShopNodeProcess(string name, Uri address, Process process)
    {
        Name = name;
        Address = address;
        _process = process;
        _process.OutputDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
        _process.ErrorDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Name { get; }

    public Uri Address { get; }

    public string Log => string.Join('\n', _log);

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>Starts a node and waits until it is ready.</summary>
    public static Task<ShopNodeProcess> StartAsync(string name, params string[] membership)
        => FreePort.RetryAsync(async () =>
        {
            var address = new Uri($"http://127.0.0.1:{FreePort.Next()}");
            var start = new ProcessStartInfo(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                RedirectStandardInput = true,
            };
            string[] arguments =
            [
                Path.Combine(AppContext.BaseDirectory, "ShopCart.dll"),
                "node", "--name", name, "--urls", address.ToString(), "--interconnect", "http://127.0.0.1:0", "--state", "none",
                .. membership,
            ];
            foreach (var argument in arguments)
            {
                start.ArgumentList.Add(argument);
            }

            var node = new ShopNodeProcess(name, address, Process.Start(start)!);
            using var client = new HttpClient();
            await Eventually.Async(() => node.IsReadyAsync(client), $"{name} is not ready", TimeSpan.FromSeconds(60));
            return node;
        });

    /// <summary>SIGKILL: no goodbye.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>SIGTERM, as an orchestrator stops a node.</summary>
    public void Terminate() => Signal("TERM");

    /// <summary>SIGSTOP: its connections stay open and new ones are accepted for it, but it does nothing.</summary>
    public void Freeze() => Signal("STOP");

    /// <summary>SIGCONT: it goes on as if no time had passed.</summary>
    public void Thaw() => Signal("CONT");

    public Task WaitForExitAsync() => Eventually.Async(() => _process.HasExited, $"{Name} does not stop; its log:\n{Log}");

    public async Task<bool> IsReadyAsync(HttpClient client)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri(Address, "/healthz/ready"), TestContext.Current.CancellationToken);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException) when (!_process.HasExited || Log.Length >= 0)
        {
            Assert.False(_process.HasExited && _process.ExitCode != 0, $"{Name} ended with {(_process.HasExited ? _process.ExitCode : 0)}:\n{Log}");
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
    }

    private void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }
}
