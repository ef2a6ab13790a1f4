using System.Net.Sockets;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Balancers;

/// <summary>A real balancer in front of nodes, that knows nothing of sessions.</summary>
internal sealed class BalancerProcess : IAsyncDisposable
{
    private readonly DirectoryInfo _directory;
    private readonly ChildProcess _process;

    private BalancerProcess(Uri address, DirectoryInfo directory, ChildProcess process)
    {
        Address = address;
        _directory = directory;
        _process = process;
    }

    public Uri Address { get; }

    /// <summary>Each connection to the next node, whatever it carries.</summary>
    public static Task<BalancerProcess> StartHaproxyOrSkipAsync(IEnumerable<Uri> nodes) => StartHaproxyOrSkipAsync("tcp", nodes);

    /// <summary>Each request to the next node, whatever its connection.</summary>
    public static Task<BalancerProcess> StartHaproxyOfRequestsOrSkipAsync(IEnumerable<Uri> nodes, bool isHttp2 = false)
        => StartHaproxyOrSkipAsync("http", nodes, isHttp2 ? " proto h2" : "");

    // Without http-no-delay each event of a stream waits for up to 40 ms for another.
    private static Task<BalancerProcess> StartHaproxyOrSkipAsync(string mode, IEnumerable<Uri> nodes, string protocol = "")
        => StartAsync("haproxy", (port, _) => $"""
            defaults
              mode {mode}
              timeout connect 10s
              timeout client 1m
              timeout server 1m
            {(mode == "http" ? "  option http-no-delay" : "")}
            frontend shop
              bind 127.0.0.1:{port}{protocol}
              default_backend nodes
            backend nodes
              balance roundrobin
            {string.Join('\n', nodes.Select((node, i) => $"  server web-{i} {node.Authority}{protocol}"))}

            """, config => ["-db", "-f", config]);

    public static Task<BalancerProcess> StartNginxOrSkipAsync(IEnumerable<Uri> nodes)
    {
        const string StreamModule = "/usr/lib/nginx/modules/ngx_stream_module.so";
        Assert.SkipUnless(File.Exists(StreamModule), "nginx's stream module is not installed.");
        return StartAsync("nginx", (port, folder) => $$"""
            load_module {{StreamModule}};
            daemon off;
            master_process off;
            pid {{folder}}/nginx.pid;
            error_log {{folder}}/error.log;
            events { worker_connections 1024; }
            stream {
              upstream nodes {
            {{string.Join('\n', nodes.Select(node => $"    server {node.Authority};"))}}
              }
              server {
                listen 127.0.0.1:{{port}};
                proxy_pass nodes;
              }
            }

            """, config => ["-c", config, "-e", Path.Combine(Path.GetDirectoryName(config)!, "error.log")]);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    private static Task<BalancerProcess> StartAsync(string name, Func<int, string, string> configure, Func<string, string[]> arguments)
    {
        var program = InstalledPrograms.FindOrSkip(name);
        return FreePort.RetryAsync(async () =>
        {
            var port = FreePort.Next();
            var directory = Directory.CreateTempSubdirectory($"sticky-{name}-");
            try
            {
                var config = Path.Combine(directory.FullName, "balancer.conf");
                await File.WriteAllTextAsync(config, configure(port, directory.FullName), TestContext.Current.CancellationToken);
                var process = await ChildProcess.StartAsync(name, program, arguments(config), _ => ListensAsync(port));
                return new BalancerProcess(new Uri($"http://127.0.0.1:{port}"), directory, process);
            }
            catch
            {
                directory.Delete(recursive: true);
                throw;
            }
        });
    }

    private static async Task<bool> ListensAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port, TestContext.Current.CancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
