using System.Net.WebSockets;

namespace StickySessions.Tests.Integration.Conformance.Clients;

internal static class WebSocketMessages
{
    /// <summary>Receives a whole message; null for the close.</summary>
    public static async Task<byte[]?> ReceiveMessageAsync(this WebSocket socket)
    {
        using var message = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var frame = await socket.ReceiveAsync(buffer.AsMemory(), TestContext.Current.CancellationToken);
            if (frame.MessageType is WebSocketMessageType.Close)
            {
                return null;
            }

            message.Write(buffer, 0, frame.Count);
            if (frame.EndOfMessage)
            {
                return message.ToArray();
            }
        }
    }
}
