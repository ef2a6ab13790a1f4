using System.Collections.Concurrent;
using StickySessions.Ownership;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

/// <summary>A directory that answers as the test says, and remembers what it was asked.</summary>
internal sealed class RecordingDirectory : IOwnershipDirectory
{
    public Func<SessionId, SessionClaim, RecordAnswer> Answer { get; set; } = (_, claim) => new RecordAnswer(RecordStatus.Accepted, Nodes.New(1, "web-1").Tag, claim.Epoch);

    /// <summary>When set, answers wait for it.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public ConcurrentQueue<(SessionId Session, NodeTag Owner, SessionClaim Claim)> Confirmed { get; } = new();

    public ConcurrentQueue<(SessionId Session, uint Epoch, TimeSpan KeepFor)> Ended { get; } = new();

    public async ValueTask<RecordAnswer> ConfirmAsync(SessionId session, NodeTag owner, SessionClaim claim, CancellationToken cancellationToken)
    {
        Confirmed.Enqueue((session, owner, claim));
        await Gate;
        return Answer(session, claim);
    }

    public ValueTask EndAsync(SessionId session, uint epoch, TimeSpan keepFor, CancellationToken cancellationToken)
    {
        Ended.Enqueue((session, epoch, keepFor));
        return new ValueTask(Gate);
    }

    public ValueTask<ClaimResult> RecordAsync(SessionId session, NodeTag owner, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<OwnershipRecord?> ReadAsync(SessionId session, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<ClaimResult> ClaimAsync(
        SessionId session, NodeTag expectedOwner, uint seenEpoch, NodeTag claimer, CancellationToken cancellationToken)
        => throw new NotSupportedException();
}
