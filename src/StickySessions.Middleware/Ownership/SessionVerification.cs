using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// Asks the directory whether a session that this node holds is still its own, and acts on the answer: the session is verified, or leaves
/// the memory. Many requests for one session share one question. Safe for concurrent use.
/// </summary>
internal sealed partial class SessionVerification(
    IOwnershipDirectory directory, HeldSessions held, IClusterMembership membership, ILogger<SessionVerification> logger)
{
    // A question that was asked before a doubt arose does not settle it, so whoever comes after that asks anew.
    private readonly ConcurrentDictionary<(HeldSession Session, int Verification), Lazy<Task<RecordAnswer>>> _running = new();

    /// <summary>Raised for a session that is this node's own, once its memory knows what the record has of it. Handlers must be quick and must not throw.</summary>
    public event Action<HeldSession>? Verified;

    /// <returns>
    /// As <see cref="IOwnershipDirectory.ConfirmAsync"/>. Fenced by this very node means that it has claimed the session once more
    /// meanwhile: then the record knows the claim, and nothing is lost.
    /// </returns>
    public Task<RecordAnswer> ConfirmAsync(HeldSession session, CancellationToken cancellationToken)
        => _running
            .GetOrAdd((session, held.Verification), static (asked, self) => new Lazy<Task<RecordAnswer>>(() => self.RunAsync(asked.Session, asked.Verification)), this)
            .Value
            .WaitAsync(cancellationToken);

    private async Task<RecordAnswer> RunAsync(HeldSession session, int verification)
    {
        try
        {
            var (claim, self) = (session.Claim, membership.Self.Tag);
            var answer = await directory.ConfirmAsync(session.Id, self, claim, CancellationToken.None);
            if (answer.Status == RecordStatus.Accepted)
            {
                session.Memory?.IsStoredUpTo(answer.Version);
                session.Verify(claim, verification);
                Verified?.Invoke(session);
            }
            else if (answer.Owner != self && session.Claim == claim)
            {
                Lose(session, answer);
                LogLost(session.Id, claim.Epoch, answer.Status, answer.Owner, answer.Epoch);
            }

            return answer;
        }
        finally
        {
            _running.TryRemove((session, verification), out _);
        }
    }

    private void Lose(HeldSession session, RecordAnswer answer)
    {
        if (answer.Status == RecordStatus.Ended)
        {
            held.LearnEnded(session.Id, answer.Epoch);
        }
        else
        {
            held.Drop(session, answer.Epoch);
        }
    }

    // At Debug: a node that was away may have lost all its sessions.
    [LoggerMessage(StickyEventIds.Ownership + 1, LogLevel.Debug,
        "Session {Session}, held at epoch {HeldEpoch}, is not this node's own any more: {Status}, owner {Owner} at epoch {Epoch}")]
    private partial void LogLost(SessionId session, uint heldEpoch, RecordStatus status, NodeTag owner, uint epoch);
}
