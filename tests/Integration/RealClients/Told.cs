using System.Text.Json;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>What the application has told one connection.</summary>
/// <param name="Answers">To each message its number in this connection, and the visitor's count.</param>
internal sealed record Told(int[][] Answers)
{
    /// <summary>The numbers that came as messages, where the client speaks SignalR.</summary>
    public int[]? Heard { get; init; }

    /// <summary>The numbers that came as a stream, where the client speaks SignalR.</summary>
    public int[]? Streamed { get; init; }

    /// <summary>The transports by which it spoke first and last, where the client speaks Engine.IO.</summary>
    public string[]? Transports { get; init; }

    /// <param name="output">What a script has printed.</param>
    public static Told[][] Read(string output) => JsonSerializer.Deserialize<Told[][]>(output, JsonSerializerOptions.Web)!;

    /// <summary>No connection and no visitor was counted anew.</summary>
    /// <param name="connections">Of one visitor who has opened one page before, and whose requests bring cookies.</param>
    /// <param name="messages">How many each has sent.</param>
    public static void AssertCountedOn(IReadOnlyCollection<Told> connections, int messages)
    {
        AssertCountedOnEach(connections, messages);
        var counts = connections.SelectMany(told => told.Answers).Select(answer => answer[1]);
        Assert.Equal(Enumerable.Range(2, connections.Count * messages), counts.Order());
    }

    /// <summary>No connection was counted anew.</summary>
    public static void AssertCountedOnEach(IEnumerable<Told> connections, int messages)
    {
        var all = Enumerable.Range(1, messages);
        Assert.All(connections, told =>
        {
            Assert.Equal(all, told.Answers.Select(answer => answer[0]));
            Assert.Equal(all, told.Heard ?? all);
            Assert.Equal(all, told.Streamed ?? all);
        });
    }
}
