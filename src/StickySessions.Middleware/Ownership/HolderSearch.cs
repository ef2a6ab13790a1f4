using StickySessions.Cluster;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>Asks other live nodes, at the same time, whether they hold a session.</summary>
internal sealed class HolderSearch(IClusterMembership membership, IPeerClient peers, TimeProvider time)
{
    /// <summary>Clients wait for the answer, and nodes that are well answer within milliseconds.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    /// <param name="session">The session.</param>
    /// <param name="seenEpoch">An epoch that the session has reached for sure: who holds it at a lower one holds a stale copy, and drops it.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public Task<HolderSearchResult> FindAsync(SessionId session, uint seenEpoch, CancellationToken cancellationToken)
        => FindAsync(session, seenEpoch, membership.View.Nodes, cancellationToken);

    /// <param name="session">The session.</param>
    /// <param name="seenEpoch">An epoch that the session has reached for sure.</param>
    /// <param name="among">The nodes to ask, this one excepted.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task<HolderSearchResult> FindAsync(
        SessionId session, uint seenEpoch, IEnumerable<Node> among, CancellationToken cancellationToken)
    {
        var self = membership.IsJoined ? membership.Self.Tag : default;
        var others = among.Where(node => node.Tag != self).ToArray();
        Array.Sort(others, static (one, other) => ByTag.Compare(one.Tag, other.Tag));
        if (others.Length == 0)
        {
            return default;
        }

        using var timeout = new CancellationTokenSource(Timeout, time);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var question = HoldsQuestion.Ask(session, seenEpoch);
        var answers = await Task.WhenAll(others.Select(node => AskAsync(node, question, bounded.Token)));
        cancellationToken.ThrowIfCancellationRequested();

        var result = default(HolderSearchResult);
        foreach (var (node, answer) in others.Zip(answers))
        {
            result = result.With(node, answer);
        }

        return result;
    }

    /// <returns>Null if the node did not answer. A node where nobody listens holds nothing any more: that is an answer.</returns>
    private async Task<HoldsAnswer?> AskAsync(Node node, byte[] question, CancellationToken cancellationToken)
    {
        try
        {
            var reply = await peers.AskAsync(node.Address, node.HasInterconnect, HoldsQuestion.Kind, question, cancellationToken).WaitAsync(cancellationToken);
            return reply.Status switch
            {
                PeerAnswerStatus.Answered when HoldsAnswer.TryRead(reply.Content.Span, out var answer) => answer,
                PeerAnswerStatus.Refused => default(HoldsAnswer),
                _ => null,
            };
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }
}

/// <param name="Status">What the nodes that answered say: ended if one says so, else held if one holds it.</param>
/// <param name="Owner">Who holds it: of several the one at the highest epoch, then the one with the lower tag.</param>
/// <param name="Epoch">At which epoch.</param>
/// <param name="Unanswered">The name of a node that did not answer, or null.</param>
internal readonly record struct HolderSearchResult(HoldsStatus Status, NodeTag Owner, uint Epoch, string? Unanswered)
{
    /// <returns>What the record would say, or null if nobody knows the session.</returns>
    public OwnershipRecord? ToRecord() => Status == HoldsStatus.NotHeld ? null : new OwnershipRecord(Owner, Epoch, Status == HoldsStatus.Ended);

    public HolderSearchResult With(Node node, HoldsAnswer? answer) => answer switch
    {
        null => this with { Unanswered = node.Name },
        { Status: HoldsStatus.NotHeld } => this,
        { } given => Beats(given) ? new HolderSearchResult(given.Status, node.Tag, given.Epoch, Unanswered) : this,
    };

    /// <summary>Nodes are asked in the order of their tags, so of equals the first stays.</summary>
    private bool Beats(HoldsAnswer given) => given.Status > Status || (given.Status == Status && given.Epoch > Epoch);
}
