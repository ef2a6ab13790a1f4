using StickySessions.Cluster;

namespace StickySessions.Ownership;

/// <summary>Answers peers that ask whether this node holds a session.</summary>
internal sealed class HoldsQuestionHandler(LocalHoldings holdings) : IPeerQuestionHandler
{
    public string Kind => HoldsAnswer.Kind;

    public ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
        => new(HoldsAnswer.TryReadQuestion(question.Span, out var session) ? holdings.Find(session).ToBytes() : ReadOnlyMemory<byte>.Empty);
}
