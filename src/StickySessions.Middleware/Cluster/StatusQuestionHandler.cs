namespace StickySessions.Cluster;

/// <summary>Answers who this node is. The question carries who asks, which spares a static cluster a probe.</summary>
internal sealed class StatusQuestionHandler(IClusterMembership membership, NodeLoads? loads = null) : IPeerQuestionHandler
{
    public string Kind => PeerStatus.Kind;

    public ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
    {
        if (PeerStatus.Parse(question) is { } asker)
        {
            membership.Hear(asker);
        }

        return ValueTask.FromResult(PeerStatus.Format(membership.IsJoined ? membership.Self : null, loads?.Own ?? default));
    }
}
