using StickySessions.Cluster;

namespace StickySessions.Ownership;

/// <summary>Answers peers that ask whether this node holds a session.</summary>
internal sealed class HoldsQuestionHandler(LocalHoldings holdings, HeldSessions held) : IPeerQuestionHandler
{
    public string Kind => HoldsQuestion.Kind;

    public ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
    {
        if (!HoldsQuestion.TryRead(question.Span, out var session, out var seenEpoch))
        {
            return new(ReadOnlyMemory<byte>.Empty);
        }

        // The asker is about to own it above this epoch, and a stale copy would not hear of it in another way.
        held.DropBelow(session, seenEpoch);
        return new(holdings.Find(session).ToBytes());
    }
}
