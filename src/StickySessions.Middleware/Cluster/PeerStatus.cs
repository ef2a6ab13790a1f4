using System.Text;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>What a node says of itself when asked for its status: its tag and its entry, or nothing while it has not joined.</summary>
internal static class PeerStatus
{
    public const string Kind = "status";

    /// <summary>A node that runs answers in far less; one that is frozen, or a path that is broken, never does.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    public static ReadOnlyMemory<byte> Format(Node? self)
        => self is null ? ReadOnlyMemory<byte>.Empty : Encoding.UTF8.GetBytes($"{self.Tag} {NodeEntry.Format(self)}");

    public static Node? Parse(ReadOnlyMemory<byte> content)
    {
        var text = Encoding.UTF8.GetString(content.Span);
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        return space > 0 && NodeTag.TryParse(text[..space], out var tag) && NodeEntry.TryParse(tag, text[(space + 1)..], out var node)
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
