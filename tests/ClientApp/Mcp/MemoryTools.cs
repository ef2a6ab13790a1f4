#pragma warning disable MCP9005 // Sampling ends with the revision that ends sessions; whoever has the one may have the other.

using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace StickySessions.Tests.ClientApp.Mcp;

/// <summary>A memory for a model, and requests of the server to the client.</summary>
[McpServerToolType]
internal sealed class MemoryTools(Memories memories)
{
    /// <summary>Remembers a word and says how many it knows by now.</summary>
    [McpServerTool(Name = "remember")]
    public int Remember(McpServer session, string word)
    {
        var words = memories.Of(session).Words;
        words.Enqueue(word);
        return words.Count;
    }

    /// <summary>Everything that it was told, in order.</summary>
    [McpServerTool(Name = "recall")]
    public string Recall(McpServer session) => string.Join(' ', memories.Of(session).Words);

    /// <summary>Has the client's model say a word, and remembers it: a request within the answer to the client's own.</summary>
    [McpServerTool(Name = "ask")]
    public Task<int> AskAsync(McpServer session, string question, CancellationToken cancellationToken)
        => AskAsync(memories.Of(session), session, question, cancellationToken);

    /// <summary>As <see cref="AskAsync(McpServer, string, CancellationToken)"/>, but through the stream that the client opened with GET.</summary>
    [McpServerTool(Name = "ask_aside")]
    public Task<int> AskAsideAsync(McpServer session, string question, CancellationToken cancellationToken)
        => AskAsync(memories.Of(session), memories.Of(session).Session, question, cancellationToken);

    private static async Task<int> AskAsync(Memory memory, McpServer client, string question, CancellationToken cancellationToken)
    {
        var answer = await client.SampleAsync(
            new CreateMessageRequestParams
            {
                Messages = [new SamplingMessage { Role = Role.User, Content = [new TextContentBlock { Text = question }] }],
                MaxTokens = 100,
            },
            cancellationToken);
        memory.Words.Enqueue(answer.Content.OfType<TextContentBlock>().Single().Text);
        return memory.Words.Count;
    }
}
