using System.Collections.Concurrent;
using ModelContextProtocol.Server;

namespace StickySessions.Tests.ClientApp.Mcp;

/// <summary>What a session has been told.</summary>
/// <param name="Session">Reaches the client outside of its requests too: through the stream that it opened with GET.</param>
internal sealed record Memory(McpServer Session)
{
    public ConcurrentQueue<string> Words { get; } = new();
}

/// <summary>The sessions of this process and no other.</summary>
internal sealed class Memories
{
    private readonly ConcurrentDictionary<string, Memory> _memories = new();

    public void Add(McpServer session) => _memories[session.SessionId!] = new Memory(session);

    public Memory Of(McpServer session) => _memories[session.SessionId!];
}
