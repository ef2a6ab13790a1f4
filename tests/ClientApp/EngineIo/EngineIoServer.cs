using System.Collections.Concurrent;

namespace StickySessions.Tests.ClientApp.EngineIo;

/// <summary>
/// As little of an Engine.IO server as its clients need: polling, WebSockets, and the upgrade from one to the other. Text only. It
/// follows the fourth version of https://github.com/socketio/engine.io-protocol.
/// </summary>
internal static class EngineIoServer
{
    /// <summary>Between two packets in one body.</summary>
    private const char Separator = '\x1e';

    private static readonly ConcurrentDictionary<string, EngineIoSession> Sessions = new();

    public static void MapEngineIo(this WebApplication app) => app.Map("/engine.io/", ServeAsync);

    private static async Task ServeAsync(HttpContext context, Visitors visitors)
    {
        string? sid = context.Request.Query["sid"];
        if (sid is null)
        {
            var visitor = Visitors.Find(context);
            var opened = new EngineIoSession(() => visitors.Count(visitor), context.WebSockets.IsWebSocketRequest ? [] : ["websocket"]);
            Sessions[opened.Id] = opened;
            await AnswerAsync(context, opened, isNew: true);
        }
        else if (Sessions.TryGetValue(sid, out var session))
        {
            await AnswerAsync(context, session, isNew: false);
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsJsonAsync(new { code = 1, message = "Session ID unknown" });
        }
    }

    private static async Task AnswerAsync(HttpContext context, EngineIoSession session, bool isNew)
    {
        var aborted = context.RequestAborted;
        context.Response.Headers.CacheControl = "no-store";
        if (context.WebSockets.IsWebSocketRequest)
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await new EngineIoSocket(socket, session).RunAsync(isFirst: isNew, aborted);
        }
        else if (HttpMethods.IsPost(context.Request.Method))
        {
            using var body = new StreamReader(context.Request.Body);
            foreach (var packet in (await body.ReadToEndAsync(aborted)).Split(Separator))
            {
                session.Take(packet);
            }

            await context.Response.WriteAsync("ok", aborted);
        }
        else
        {
            await context.Response.WriteAsync(string.Join(Separator, await session.NextAsync(aborted)), aborted);
        }

        if (session.IsClosed)
        {
            Sessions.TryRemove(session.Id, out _);
        }
    }
}
