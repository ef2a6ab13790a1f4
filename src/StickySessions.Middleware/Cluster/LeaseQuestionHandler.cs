namespace StickySessions.Cluster;

/// <summary>Answers peers that ask whether this node holds its lease: one byte.</summary>
internal sealed class LeaseQuestionHandler(IClusterMembership membership) : IPeerQuestionHandler
{
    public const string Question = "lease";

    private static readonly byte[] Held = [1];
    private static readonly byte[] NotHeld = [0];

    public string Kind => Question;

    public static bool IsHeld(ReadOnlySpan<byte> answer) => answer.SequenceEqual(Held);

    public ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
        => ValueTask.FromResult<ReadOnlyMemory<byte>>(membership.IsJoined && membership.Lease.IsHeld ? Held : NotHeld);
}
