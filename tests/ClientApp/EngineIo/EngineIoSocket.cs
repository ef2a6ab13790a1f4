using System.Net.WebSockets;
using System.Text;

namespace StickySessions.Tests.ClientApp.EngineIo;

/// <summary>A session's WebSocket: its first connection, or the one that takes over from polling.</summary>
internal sealed class EngineIoSocket(WebSocket socket, EngineIoSession session)
{
    private const string Probe = "probe";

    private readonly byte[] _buffer = new byte[4096];

    /// <param name="isFirst">Whether the session has begun with this socket. Else it sends no packet before the client has upgraded.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(bool isFirst, CancellationToken cancellationToken)
    {
        var sending = isFirst ? SendAllAsync(cancellationToken) : Task.CompletedTask;
        while (await ReceiveAsync(cancellationToken) is { } packet)
        {
            switch (packet[0])
            {
                case PacketType.Ping:
                    await SendAsync(PacketType.Pong + Probe, cancellationToken);

                    // The poll that waits must return. One that comes after it is ended by the next ping.
                    session.Send(PacketType.Noop);
                    break;
                case PacketType.Upgrade:
                    sending = SendAllAsync(cancellationToken);
                    break;
                default:
                    session.Take(packet);
                    break;
            }
        }

        session.Close();
        await sending;
    }

    /// <summary>Null when the client has closed the socket.</summary>
    private async Task<string?> ReceiveAsync(CancellationToken cancellationToken)
    {
        // Packets of tests fit into the buffer.
        var received = await socket.ReceiveAsync(_buffer, cancellationToken);
        return received.MessageType == WebSocketMessageType.Close ? null : Encoding.UTF8.GetString(_buffer, 0, received.Count);
    }

    private async Task SendAllAsync(CancellationToken cancellationToken)
    {
        await foreach (var packet in session.Packets)
        {
            await SendAsync(packet, cancellationToken);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
    }

    private Task SendAsync(string packet, CancellationToken cancellationToken)
        => socket.SendAsync(Encoding.UTF8.GetBytes(packet), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
}
