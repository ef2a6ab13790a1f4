using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using ShopCart.Shop;

namespace ShopCart.Cluster;

/// <summary>One node in a process of its own: the same program again, with the command <c>node</c>.</summary>
internal sealed class NodeProcess : IDisposable
{
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action<string> _write;
    private readonly Process _process;
    private volatile bool _stopping;

    public NodeProcess(string name, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, Action<string> write)
    {
        Name = name;
        _write = write;
        _process = Process.Start(StartInfo(name, arguments, environment))
            ?? throw new InvalidOperationException($"{name} could not be started.");
        Finished = RunAsync();
    }

    public string Name { get; }

    public int Id => _process.Id;

    /// <summary>Where it serves; fails if it ends before it says so.</summary>
    public Task<Uri> Address => _address.Task;

    /// <summary>Ends with the process. Its result is the exit code.</summary>
    public Task<int> Finished { get; }

    /// <summary>Lets the node drain and waits for it; after the patience it is killed.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> StopAsync(TimeSpan patience)
    {
        _stopping = true;
        _process.StandardInput.Close();
        return await EndAsync(patience);
    }

    /// <summary>SIGTERM, as an orchestrator stops a node. Where there are no signals: as the cluster itself stops it.</summary>
    /// <inheritdoc cref="StopAsync" path="/returns"/>
    public async Task<int> TerminateAsync(TimeSpan patience)
    {
        if (OperatingSystem.IsWindows())
        {
            return await StopAsync(patience);
        }

        _stopping = true;
        using (var signal = Process.Start("kill", ["-TERM", Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await signal.WaitForExitAsync();
        }

        return await EndAsync(patience);
    }

    /// <summary>SIGKILL: no goodbye.</summary>
    public async Task KillAsync()
    {
        _stopping = true;
        _process.Kill();
        await Finished;
    }

    public void Dispose() => _process.Dispose();

    private static ProcessStartInfo StartInfo(string name, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        var info = new ProcessStartInfo(DotnetHost(), ["exec", typeof(NodeProcess).Assembly.Location, "node", "--name", name, .. arguments])
        {
            // Its end is the word to stop; it ends by itself when this process dies.
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment["ShopCart__StopWhenInputEnds"] = "true";
        foreach (var (key, value) in environment)
        {
            info.Environment[key] = value;
        }

        return info;
    }

    // The dotnet whose runtime this very process uses, whatever its own executable is called.
    private static string DotnetHost()
    {
        var executable = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        var host = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", executable));
        return File.Exists(host) ? host : executable;
    }

    private async Task<int> EndAsync(TimeSpan patience)
    {
        try
        {
            return await Finished.WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            _write($"{Name} did not stop within {patience.TotalSeconds:0} seconds and was killed.");
            _process.Kill();
            return await Finished;
        }
    }

    private async Task<int> RunAsync()
    {
        await Task.WhenAll(ReadAsync(_process.StandardOutput), ReadAsync(_process.StandardError));
        await _process.WaitForExitAsync();

        var ended = $"{Name} ended with exit code {_process.ExitCode}";
        if (!_address.TrySetException(new InvalidOperationException($"{ended} before it served.")) && !_stopping)
        {
            _write($"{ended}. It is not started again.");
        }

        return _process.ExitCode;
    }

    private async Task ReadAsync(StreamReader output)
    {
        while (await output.ReadLineAsync() is { } line)
        {
            if (NodeAnnouncement.TryRead(line) is { } address)
            {
                _address.TrySetResult(address);
            }
            else
            {
                _write($"{Name} | {line}");
            }
        }
    }
}
