using System.Text;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>What a node says of itself when asked for its status: its tag, its entry and its load; or nothing while it has not joined.</summary>
internal static class PeerStatus
{
    public const string Kind = "status";

    /// <summary>A node that runs answers in far less; one that is frozen, or a path that is broken, never does.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    /// <summary>An entry is JSON in one line, and has no such character.</summary>
    private const char BeforeLoad = '\n';

    public static ReadOnlyMemory<byte> Format(Node? self, NodeLoad load = default)
        => self is null ? ReadOnlyMemory<byte>.Empty : Encoding.UTF8.GetBytes($"{self.Tag} {NodeEntry.Format(self)}{BeforeLoad}{load}");

    public static Node? Parse(ReadOnlyMemory<byte> content) => Parse(content, out _);

    public static Node? Parse(ReadOnlyMemory<byte> content, out NodeLoad? load)
    {
        var lines = Encoding.UTF8.GetString(content.Span).Split(BeforeLoad, 2);
        load = lines.Length > 1 && NodeLoad.TryParse(lines[1], out var said) ? said : null;
        var space = lines[0].IndexOf(' ', StringComparison.Ordinal);
        return space > 0 && NodeTag.TryParse(lines[0][..space], out var tag) && NodeEntry.TryParse(tag, lines[0][(space + 1)..], out var node)
            ? node
            : null;
    }

    /// <summary>Asks who is at an address, and waits a bounded time.</summary>
    public static async Task<PeerAnswer> AskStatusAsync(
        this IPeerClient peers, Uri address, bool hasInterconnect, Node? self, TimeProvider time, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await peers.AskAsync(address, hasInterconnect, Kind, Format(self), either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new PeerAnswer(PeerAnswerStatus.NoAnswer, default);
        }
    }
}
