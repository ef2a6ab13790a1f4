using StickySessions.Cluster;

namespace StickySessions.Ownership;

/// <summary>Compares what a peer holds with what this node holds.</summary>
internal sealed class DoublesQuestionHandler(SessionDoubles doubles, IClusterMembership membership) : IPeerQuestionHandler
{
    public string Kind => DoublesQuestion.Kind;

    public ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
    {
        // One that this node takes for gone has lost its sessions, and may not know it yet.
        if (!DoublesQuestion.TryRead(question.Span, out var asker, out var sessions) || !doubles.TakesPart || membership.View.Find(asker) is null)
        {
            return new(ReadOnlyMemory<byte>.Empty);
        }

        var answer = new byte[sessions.Length];
        for (var i = 0; i < answer.Length; i++)
        {
            answer[i] = doubles.IsMineAlone(sessions[i], asker) ? (byte)1 : (byte)0;
        }

        return new(answer);
    }
}
