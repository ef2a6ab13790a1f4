using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ShopCart.Prove;

/// <summary>
/// One request on one new TCP connection. It lets the server close first: otherwise this machine would soon have no free ports, each
/// waiting in TIME_WAIT for a minute.
/// </summary>
internal static class OneShotClient
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Null if the request failed before a whole answer arrived.</summary>
    public static async Task<HttpAnswer?> SendAsync(IPEndPoint server, string request, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        var buffer = ArrayPool<byte>.Shared.Rent(32 * 1024);
        try
        {
            await socket.ConnectAsync(server, limit.Token);
            var sent = 0;
            for (var bytes = Encoding.UTF8.GetBytes(request); sent < bytes.Length;)
            {
                sent += await socket.SendAsync(bytes.AsMemory(sent), limit.Token);
            }

            var length = 0;
            int read;
            while ((read = await socket.ReceiveAsync(buffer.AsMemory(length), limit.Token)) > 0)
            {
                length += read;
            }

            return HttpAnswer.TryParse(buffer.AsSpan(0, length));
        }
        catch (Exception problem) when (problem is SocketException
                                        || (problem is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
