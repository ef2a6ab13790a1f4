using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using ShopCart.Cli;

namespace ShopCart.Cluster.Balancing;

/// <summary>A layer-4 balancer: it chooses a node for each connection and never looks into the bytes.</summary>
internal sealed class TcpBalancer : IAsyncDisposable
{
    private const int Backlog = 4096;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<Task, byte> _connections = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly IReadOnlyList<Backend> _backends;
    private readonly BalancingMethod _method;
    private readonly Task _accepting;
    private uint _next;

    private TcpBalancer(IPEndPoint address, IReadOnlyList<Backend> backends, BalancingMethod method)
    {
        _backends = backends;
        _method = method;
        try
        {
            _listener.Bind(address);
            _listener.Listen(Backlog);
        }
        catch
        {
            _listener.Dispose();
            throw;
        }

        Address = (IPEndPoint)_listener.LocalEndPoint!;
        _accepting = AcceptAsync();
    }

    public IPEndPoint Address { get; }

    /// <exception cref="SocketException">The address is in use.</exception>
    public static TcpBalancer Start(IPEndPoint address, IReadOnlyList<Backend> backends, BalancingMethod method)
        => new(address, backends, method);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_connections.Keys);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptAsync(_stop.Token);
                var connection = ServeAsync(client);
                _connections.TryAdd(connection, 0);
                _ = connection.ContinueWith(
                    done => _connections.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
            catch (Exception problem) when (problem is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // A client that left before it was accepted; the next one is waiting.
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        // Without this a slow synchronous part would hold up the clients that wait to be accepted.
        await Task.Yield();
        using (client)
        {
            using var node = await ConnectAsync(client);
            if (node is null)
            {
                Relay.Abort(client);
                return;
            }

            await Relay.RunAsync(client, node, _stop.Token);
        }
    }

    /// <summary>The first node that accepts, in the order of the method; null if none does.</summary>
    private async Task<Socket?> ConnectAsync(Socket client)
    {
        var first = _method == BalancingMethod.RoundRobin
            ? Interlocked.Increment(ref _next) - 1
            : SourceHash(((IPEndPoint)client.RemoteEndPoint!).Address);

        for (var i = 0u; i < _backends.Count; i++)
        {
            var backend = _backends[(int)((first + i) % (uint)_backends.Count)];
            if (backend.InRotation && await TryConnectAsync(backend.Address) is { } node)
            {
                return node;
            }
        }

        return null;
    }

    private async Task<Socket?> TryConnectAsync(IPEndPoint address)
    {
        var node = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limit.CancelAfter(ConnectTimeout);
        try
        {
            await node.ConnectAsync(address, limit.Token);
            return node;
        }
        catch (Exception problem) when (problem is SocketException or OperationCanceledException)
        {
            node.Dispose();
            return null;
        }
    }

    // FNV-1a: the same node for the same address, also after a restart of the balancer.
    private static uint SourceHash(IPAddress address)
        => address.GetAddressBytes().Aggregate(2166136261u, (hash, next) => unchecked((hash ^ next) * 16777619u));
}
