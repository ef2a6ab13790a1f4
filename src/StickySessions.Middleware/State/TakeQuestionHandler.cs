using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;

namespace StickySessions.State;

/// <summary>Takes a session from a node that hands it over without a store. Asked again, it says the same again.</summary>
internal sealed class TakeQuestionHandler(HeldSessions held, EndedSessions ended, IClusterMembership membership, PolicyResolver policies) : IPeerQuestionHandler
{
    public string Kind => TakeQuestion.Kind;

    public ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
        => new(TakeQuestion.TryRead(question) is { } asked && Takes(asked) ? TakeQuestion.Taken : TakeQuestion.Refused);

    private bool Takes(TakeQuestion asked)
        => membership.IsJoined
            && membership.Lease.IsHeld
            && membership.Self.State == NodeState.Active
            && !ended.TryGet(asked.Session, out _)
            && policies.Find(asked.Policy) is { } policy
            && held.HoldIdle(asked.Session, asked.Claim, asked.Created, policy, held.Asking(), asked.State);
}
