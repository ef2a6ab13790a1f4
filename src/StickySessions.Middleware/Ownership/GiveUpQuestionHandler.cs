using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// Gives up a session that another node is about to claim, because this one was declared gone and may not know it yet: memory included, and
/// what runs in it is aborted.
/// </summary>
internal sealed partial class GiveUpQuestionHandler(
    HeldSessions held, IClusterMembership membership, PeerLeases peers, ILogger<GiveUpQuestionHandler> logger) : IPeerQuestionHandler
{
    public string Kind => GiveUp.Kind;

    public ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
    {
        if (!GiveUp.TryReadQuestion(question.Span, out var session, out var owner) || !membership.IsJoined || membership.Lease.HasEnded)
        {
            // A node that left in order serves nobody any more, and what it had begun may end in peace.
            return new(GiveUp.NotHeld);
        }

        if (owner == membership.Self.Tag)
        {
            // Only a node with a lease claims. Until this one has a lease again, or that one none, it is not Redis that is gone.
            peers.Hear();
        }

        if (held.Find(session) is not { IsEnded: false } found || !IsHeldAs(found, owner))
        {
            return new(GiveUp.NotHeld);
        }

        held.Drop(found);
        LogGivenUp(session.ToString(), owner.ToString());
        return new(GiveUp.GivenUp);
    }

    /// <summary>What this node has claimed since it came back under another tag is none of the asker's business.</summary>
    private bool IsHeldAs(HeldSession session, NodeTag owner)
        => held.IsOfEarlierTerm(session) ? membership.Self.FormerTags.Contains(owner) : owner == membership.Self.Tag;

    [LoggerMessage(StickyEventIds.Ownership + 10, LogLevel.Information,
        "Gave up session {Session}, held as {Owner}: the cluster takes that for gone, and another node claims the session.")]
    private partial void LogGivenUp(string session, string owner);
}
