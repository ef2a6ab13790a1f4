using System.Net;
using ShopCart.Cli;
using ShopCart.Cluster.Balancing;

namespace ShopCart.Cluster;

/// <summary>A running cluster: a store, node processes and a balancer in front of them.</summary>
internal sealed class ShopCluster : IAsyncDisposable
{
    // Longer than the 30 seconds that a host takes at most.
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(35);
    private static readonly TimeSpan RotationPoll = TimeSpan.FromMilliseconds(50);

    // Disposed last to first: the balancer goes on until the nodes have drained.
    private readonly Stack<object> _parts = new();
    private readonly List<NodeProcess> _nodes = [];
    private IReadOnlyList<Backend> _backends = [];
    private NodeLaunch _launch = null!;
    private HttpClient _http = null!;
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

    /// <summary>
    /// Lets a node drain, and puts a new process in its place: the same name, the same address, the same place in the balancer's order. Completes when
    /// connections go there again.
    /// </summary>
    /// <exception cref="InvalidOperationException">It did not stop in order, or the new one did not start.</exception>
    public async Task RestartAsync(int index, CancellationToken cancellationToken)
    {
        var old = _nodes[index];
        var address = await old.Address;
        if (await old.TerminateAsync(StopPatience) is var exitCode and not 0)
        {
            throw new InvalidOperationException($"{old.Name} ended with exit code {exitCode} instead of 0.");
        }

        await StartInPlaceAsync(index, address, cancellationToken);
        using var timer = new PeriodicTimer(RotationPoll);
        while (!_backends[index].InRotation)
        {
            await timer.WaitForNextTickAsync(cancellationToken);
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

        _launch = new NodeLaunch(_command, Store, certificate);
        for (var i = 1; i <= _command.Nodes; i++)
        {
            _nodes.Add(Keep(_launch.Start(i, address: null, _write)));
        }

        _http = Keep(HealthClient(certificate));
        var addresses = await UntilReady.WaitAsync(_http, _nodes, cancellationToken);
        _backends = [.. addresses.Select(address => new Backend(new IPEndPoint(IPAddress.Loopback, address.Port)))];

        Keep(new ReadinessWatch(_http, addresses.Zip(_backends)));
        var balancer = Keep(TcpBalancer.Start(new IPEndPoint(IPAddress.Loopback, _command.Port), _backends, _command.Balancer));
        Address = new Uri($"{_launch.Scheme}://{balancer.Address}");
    }

    private async Task StartInPlaceAsync(int index, Uri address, CancellationToken cancellationToken)
    {
        for (var attemptsLeft = 5; ; attemptsLeft--)
        {
            _nodes[index] = Keep(_launch.Start(index + 1, address, _write));
            try
            {
                await UntilReady.WaitAsync(_http, [_nodes[index]], cancellationToken);
                return;
            }
            catch (InvalidOperationException) when (attemptsLeft > 1)
            {
                // Some connection of this machine uses the port at this moment, as its own end.
            }
        }
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
