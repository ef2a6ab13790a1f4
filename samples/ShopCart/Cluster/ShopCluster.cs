using System.Net;
using ShopCart.Cli;
using ShopCart.Cluster.Balancing;

namespace ShopCart.Cluster;

/// <summary>A running cluster: a store, node processes and a balancer in front of them.</summary>
internal sealed class ShopCluster : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ReadinessPoll = TimeSpan.FromMilliseconds(50);

    // Disposed last to first: the balancer goes on until the nodes have drained.
    private readonly Stack<object> _parts = new();
    private readonly List<NodeProcess> _nodes = [];
    private readonly ClusterCommand _command;
    private readonly Action<string> _write;

    private ShopCluster(ClusterCommand command, Action<string> write)
    {
        _command = command;
        _write = write;
    }

    public IReadOnlyList<NodeProcess> Nodes => _nodes;

    public Uri Address { get; private set; } = null!;

    /// <summary>Where the store is; null if there is none because nothing would use it.</summary>
    public string? Store { get; private set; }

    /// <param name="command">What to start.</param>
    /// <param name="write">Takes what the nodes say, a line at a time.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    public static async Task<ShopCluster> StartAsync(ClusterCommand command, Action<string> write, CancellationToken cancellationToken)
    {
        var cluster = new ShopCluster(command, write);
        try
        {
            await cluster.StartAsync(cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Lets all nodes drain, then stops the rest.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_nodes.Select(node => node.StopAsync(StopPatience)));
        while (_parts.TryPop(out var part))
        {
            if (part is IAsyncDisposable asynchronous)
            {
                await asynchronous.DisposeAsync();
            }
            else
            {
                ((IDisposable)part).Dispose();
            }
        }
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        var certificate = _command.Tls ? Keep(new DemoCertificate()) : null;
        Store = _command switch
        {
            { Sticky: false } => null,
            { Redis: { } redis } => redis,
            _ => Keep(EmbeddedStore.Start()).Address.ToString(),
        };

        var launch = new NodeLaunch(_command, Store, certificate);
        for (var i = 1; i <= _command.Nodes; i++)
        {
            _nodes.Add(Keep(launch.Start(i, _write)));
        }

        var http = Keep(HealthClient(certificate));
        var addresses = await WaitUntilReadyAsync(http, cancellationToken);
        var backends = addresses.Select(address => new Backend(new IPEndPoint(IPAddress.Loopback, address.Port))).ToList();

        Keep(new ReadinessWatch(http, addresses.Zip(backends)));
        var balancer = Keep(TcpBalancer.Start(new IPEndPoint(IPAddress.Loopback, _command.Port), backends, _command.Balancer));
        Address = new Uri($"{launch.Scheme}://{balancer.Address}");
    }

    private async Task<Uri[]> WaitUntilReadyAsync(HttpClient http, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartPatience);
        try
        {
            return await Task.WhenAll(_nodes.Select(node => WaitUntilReadyAsync(http, node, limit.Token)));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"The nodes were not ready within {StartPatience.TotalSeconds:0} seconds.");
        }
    }

    private static async Task<Uri> WaitUntilReadyAsync(HttpClient http, NodeProcess node, CancellationToken cancellationToken)
    {
        var address = await node.Address.WaitAsync(cancellationToken);
        using var timer = new PeriodicTimer(ReadinessPoll);
        while (!await ReadinessWatch.IsReadyAsync(http, address, cancellationToken))
        {
            if (node.Finished.IsCompleted)
            {
                throw new InvalidOperationException($"{node.Name} ended before it was ready.");
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }

        return address;
    }

    private static HttpClient HealthClient(DemoCertificate? certificate)
    {
        var handler = new SocketsHttpHandler { UseProxy = false };
        if (certificate is not null)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = (_, presented, _, _) => certificate.IsThis(presented);
        }

        return new HttpClient(handler);
    }

    private T Keep<T>(T part)
        where T : class
    {
        _parts.Push(part);
        return part;
    }
}
