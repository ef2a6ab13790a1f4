using ModelContextProtocol.AspNetCore;

namespace StickySessions.Tests.ClientApp.Mcp;

/// <summary>An MCP server that keeps its sessions, as revisions up to 2025-11-25 of the protocol allow.</summary>
internal static class McpPart
{
    public static void AddMcp(this WebApplicationBuilder builder)
    {
        var memories = new Memories();
        builder.Services.AddSingleton(memories);
        builder.Services.AddMcpServer()
            .WithHttpTransport(options =>
            {
                options.SessionMode = HttpServerSessionMode.Stateful;
#pragma warning disable MCPEXP002 // A session outside of its requests is found nowhere else.
                options.RunSessionHandler = (_, session, cancellationToken) =>
                {
                    memories.Add(session);
                    return session.RunAsync(cancellationToken);
                };
#pragma warning restore MCPEXP002
            })
            .WithTools<MemoryTools>();
    }

    public static void MapMemory(this WebApplication app) => app.MapMcp("/mcp");
}
