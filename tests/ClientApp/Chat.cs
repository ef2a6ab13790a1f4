using Microsoft.AspNetCore.SignalR;

namespace StickySessions.Tests.ClientApp;

/// <summary>A SignalR hub, which keeps its connections in memory as every hub does, and counts on them.</summary>
internal static class Chat
{
    public static void AddChat(this IServiceCollection services) => services.AddSignalR().AddMessagePackProtocol();

    public static void MapChat(this WebApplication app) => app.MapHub<ChatHub>("/chat", options => options.AllowStatefulReconnects = true);
}

internal sealed class ChatHub(Visitors visitors) : Hub
{
    /// <summary>Tells the caller first, as a message, the number of what was said, then answers it together with the visitor's count.</summary>
    public async Task<int[]> Say()
    {
        var number = Context.Items.TryGetValue(nameof(Say), out var said) ? (int)said! + 1 : 1;
        Context.Items[nameof(Say)] = number;
        await Clients.Caller.SendAsync("said", number);
        return [number, visitors.Count(Visitors.Find(Context.GetHttpContext()!))];
    }

    /// <summary>Numbers as a stream.</summary>
    public async IAsyncEnumerable<int> CountTo(int last)
    {
        for (var number = 1; number <= last; number++)
        {
            await Task.Yield();
            yield return number;
        }
    }
}
