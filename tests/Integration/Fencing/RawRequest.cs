using System.Net.Sockets;
using System.Text;

namespace StickySessions.Tests.Integration.Fencing;

/// <summary>A request on a connection of its own, sent piece by piece.</summary>
internal sealed class RawRequest : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp);

    public static async Task<RawRequest> SendAsync(Uri node, string text, CancellationToken cancellationToken)
    {
        var request = new RawRequest();
        await request._socket.ConnectAsync(node.Host, node.Port, cancellationToken);
        await request.SendAsync(text, cancellationToken);
        return request;
    }

    public async Task SendAsync(string text, CancellationToken cancellationToken)
        => await _socket.SendAsync(Encoding.ASCII.GetBytes(text), cancellationToken);

    /// <summary>Reads up to and including a text.</summary>
    public async Task<string> ReadUntilAsync(string end, CancellationToken cancellationToken)
    {
        var read = new StringBuilder();
        var buffer = new byte[4096];
        while (!read.ToString().Contains(end, StringComparison.Ordinal))
        {
            var count = await _socket.ReceiveAsync(buffer, cancellationToken);
            Assert.NotEqual(0, count);
            read.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }

        return read.ToString();
    }

    /// <summary>Reads all until the node closes the connection, or it breaks.</summary>
    public async Task<string> ReadToEndAsync(CancellationToken cancellationToken)
    {
        var read = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            for (int count; (count = await _socket.ReceiveAsync(buffer, cancellationToken)) > 0;)
            {
                read.Append(Encoding.UTF8.GetString(buffer, 0, count));
            }
        }
        catch (SocketException broken)
        {
            read.Append(broken.SocketErrorCode);
        }

        return read.ToString();
    }

    public void Dispose() => _socket.Dispose();
}
