using System.Net;
using System.Net.Sockets;

namespace StickySessions.Tests.Integration.Chaos.Network;

/// <summary>
/// A TCP port in front of a server whose connections can be cut. While it is closed connects are refused, as those to a process that
/// has ended are.
/// </summary>
/// <param name="port">Where it listens.</param>
/// <param name="target">The port of the server; it may change.</param>
/// <param name="linkFrom">The link over which a connection from an address comes.</param>
internal sealed class Cutter(int port, Func<int> target, Func<IPAddress, Link> linkFrom) : IAsyncDisposable
{
    private const int BufferSize = 16 * 1024;

    private TcpListener? _listener;
    private Task _accepting = Task.CompletedTask;

    public int Port => port;

    public void Open()
    {
        if (_listener is null)
        {
            _listener = new TcpListener(IPAddress.Loopback, port);
            _listener.Start();
            _accepting = AcceptAsync(_listener);
        }
    }

    public async Task CloseAsync()
    {
        _listener?.Dispose();
        _listener = null;
        await _accepting;
    }

    public async ValueTask DisposeAsync() => await CloseAsync();

    private async Task AcceptAsync(TcpListener listener)
    {
        while (true)
        {
            Socket from;
            try
            {
                from = await listener.AcceptSocketAsync();
            }
            catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
            {
                return;
            }

            _ = ServeAsync(from);
        }
    }

    private async Task ServeAsync(Socket from)
    {
        using var to = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using (from)
        {
            from.NoDelay = to.NoDelay = true;
            try
            {
                var link = linkFrom(((IPEndPoint)from.RemoteEndPoint!).Address);
                using var end = CancellationTokenSource.CreateLinkedTokenSource(link.Connections);
                if (link.IsBroken)
                {
                    throw new SocketException((int)SocketError.ConnectionReset);
                }

                await link.OpenAsync(Way.There).WaitAsync(end.Token);
                await to.ConnectAsync(IPAddress.Loopback, target(), end.Token);
                Task[] ways = [RelayAsync(from, to, link, Way.There, end.Token), RelayAsync(to, from, link, Way.Back, end.Token)];
                var first = await Task.WhenAny(ways);
                await end.CancelAsync();
                await Task.WhenAll(ways).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await first;
            }
            catch (Exception ended) when (ended is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // One of the two ends was reset, or the link was cut: the other end is reset, too.
                from.LingerState = to.LingerState = new LingerOption(true, 0);
            }
        }
    }

    private static async Task RelayAsync(Socket from, Socket to, Link link, Way way, CancellationToken end)
    {
        var buffer = new byte[BufferSize];
        for (int read; (read = await from.ReceiveAsync(buffer, end)) > 0;)
        {
            await link.OpenAsync(way).WaitAsync(end);
            for (var sent = 0; sent < read;)
            {
                sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), end);
            }
        }
    }
}
