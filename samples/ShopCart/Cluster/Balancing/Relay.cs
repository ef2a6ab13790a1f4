using System.Buffers;
using System.Net.Sockets;

namespace ShopCart.Cluster.Balancing;

/// <summary>Copies bytes between two sockets until both sides have said their last.</summary>
internal static class Relay
{
    private const int BufferSize = 16 * 1024;

    public static async Task RunAsync(Socket client, Socket node, CancellationToken cancellationToken)
    {
        client.NoDelay = true;
        var request = CopyAsync(client, node, cancellationToken);
        var response = CopyAsync(node, client, cancellationToken);
        await Task.WhenAll(request, response);
    }

    /// <summary>Resets the connection, so that what was cut off never looks complete.</summary>
    public static void Abort(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception problem) when (problem is SocketException or ObjectDisposedException)
        {
            // It is closed already, which is all that was wanted.
        }

        socket.Dispose();
    }

    private static async Task CopyAsync(Socket from, Socket to, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            int read;
            while ((read = await from.ReceiveAsync(buffer, cancellationToken)) > 0)
            {
                for (var sent = 0; sent < read;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), cancellationToken);
                }
            }

            // Half a close: the other direction may go on.
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception problem) when (problem is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            Abort(from);
            Abort(to);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
