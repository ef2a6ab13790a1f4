using ShopCart.Shop;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Processes;

/// <summary>One node of the shop as a deployment runs it: a process of its own.</summary>
internal sealed class ShopNodeProcess : IAsyncDisposable
{
    private readonly ChildProcess _process;

    private ShopNodeProcess(string name, Uri address, ChildProcess process)
    {
        Name = name;
        Address = address;
        _process = process;
    }

    public string Name { get; }

    public Uri Address { get; }

    public int ExitCode => _process.ExitCode;

    public bool HasExited => _process.HasExited;

    /// <summary>What it has written so far, line by line.</summary>
    public IEnumerable<string> Output => _process.Output;

    private static string Dotnet
        => Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet";

    /// <summary>Starts a node on a free port and waits until it is ready.</summary>
    public static async Task<ShopNodeProcess> StartAsync(
        string name, string redis, string clusterName, params IEnumerable<(string Name, string Value)> environment)
    {
        Uri? address = null;
        using var client = new HttpClient();
        var process = await ChildProcess.StartAsync(
            name,
            Dotnet,
            [
                Path.Combine(AppContext.BaseDirectory, "ShopCart.dll"), "node", "--name", name, "--state", "none", "--redis", redis,
                "--urls", "http://127.0.0.1:0", "--interconnect", "http://127.0.0.1:0",
            ],
            async node =>
            {
                address ??= node.Output.Select(NodeAnnouncement.TryRead).FirstOrDefault(announced => announced is not null);
                return address is not null && await IsReadyAsync(address, client);
            },
            [("StickySessions__Redis__ClusterName", clusterName), .. environment]);
        return new ShopNodeProcess(name, address!, process);
    }

    /// <summary>What a balancer's health check sees.</summary>
    public Task<bool> IsReadyAsync(HttpClient client) => IsReadyAsync(Address, client);

    /// <summary>SIGKILL: no goodbye.</summary>
    public Task KillAsync() => _process.KillAsync();

    /// <summary>SIGTERM, as an orchestrator stops a node; returns when it has ended.</summary>
    public Task StopAsync()
    {
        Terminate();
        return WaitForExitAsync();
    }

    /// <summary>SIGTERM; returns at once.</summary>
    public void Terminate() => _process.Signal("TERM");

    public Task WaitForExitAsync() => _process.WaitForExitAsync();

    /// <summary>SIGSTOP: its connections stay open and new ones are accepted for it, but it does nothing.</summary>
    public void Freeze() => _process.Signal("STOP");

    /// <summary>SIGCONT: it goes on as if no time had passed.</summary>
    public void Thaw() => _process.Signal("CONT");

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static async Task<bool> IsReadyAsync(Uri address, HttpClient client)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri(address, "/healthz/ready"));
            return answer.IsSuccessStatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }
}
