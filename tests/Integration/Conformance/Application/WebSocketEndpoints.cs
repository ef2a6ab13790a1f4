using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace StickySessions.Tests.Integration.Conformance.Application;

internal static class WebSocketEndpoints
{
    public const string Protocol = "chat.v2";

    public static void MapWebSockets(this WebApplication app)
    {
        // By method and not MapGet on purpose for one of them: an HTTP/1.1 client's handshake must still be a GET at the owner.
        app.MapGet("/ws/get-only", (HttpContext context) => AcceptAsync(context, compress: false));
        app.Map("/ws/echo", (HttpContext context) => AcceptAsync(context, compress: false));
        app.Map("/ws/compressed", (HttpContext context) => AcceptAsync(context, compress: true));
        app.Map("/ws/refused", () => Results.Text("not for you", statusCode: StatusCodes.Status403Forbidden));
        app.Map("/ws/ignored", IgnoredAsync);
        app.Map("/ws/closes", ClosesAsync);
        app.Map("/ws/aborts", AbortsAsync);
    }

    private static async Task AcceptAsync(HttpContext context, bool compress)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            SubProtocol = context.WebSockets.WebSocketRequestedProtocols.Contains(Protocol) ? Protocol : null,
            DangerousEnableCompression = compress,
        });
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var frame = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
            if (frame.MessageType is WebSocketMessageType.Close)
            {
                RecordedRequest.Of(context).Fields.Set("close received", $"{socket.CloseStatus} {socket.CloseStatusDescription}");
                await socket.CloseOutputAsync((WebSocketCloseStatus)4002, "understood", context.RequestAborted);
                return;
            }

            await socket.SendAsync(buffer.AsMemory(0, frame.Count), frame.MessageType, frame.EndOfMessage, context.RequestAborted);
        }
    }

    /// <summary>Answers as if nobody had asked for an upgrade, the headers first where they are asked for.</summary>
    private static async Task IgnoredAsync(HttpContext context, int status, bool flush, bool body)
    {
        context.Response.StatusCode = status;
        if (flush)
        {
            await context.Response.Body.FlushAsync();
            await RecordedRequest.Of(context).GoOn.WaitAsync(context.RequestAborted);
        }

        if (body)
        {
            // The stream, not the writer behind WriteAsync of a text: servers treat them differently.
            await context.Response.Body.WriteAsync("no socket here"u8.ToArray());
        }
    }

    private static async Task ClosesAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        await socket.CloseAsync(WebSocketCloseStatus.InternalServerError, "sorry", context.RequestAborted);
    }

    private static async Task AbortsAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        await socket.SendAsync("before"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, context.RequestAborted);
        await RecordedRequest.Of(context).GoOn.WaitAsync(context.RequestAborted);
        context.Abort();
    }
}
