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
    private readonly ConcurrentDictionary<HeldSession, Lazy<Task<RecordAnswer>>> _running = new();

    /// <returns>
    /// As <see cref="IOwnershipDirectory.ConfirmAsync"/>. Fenced by this very node means that it has claimed the session once more
    /// meanwhile: then the record knows the claim, and nothing is lost.
    /// </returns>
    public Task<RecordAnswer> ConfirmAsync(HeldSession session, CancellationToken cancellationToken)
        => _running
            .GetOrAdd(session, static (session, self) => new Lazy<Task<RecordAnswer>>(() => self.RunAsync(session)), this)
            .Value
            .WaitAsync(cancellationToken);

    private async Task<RecordAnswer> RunAsync(HeldSession session)
    {
        try
        {
            // Before the question: what is doubted while it is on its way is not settled by its answer.
            var (verification, claim, self) = (held.Verification, session.Claim, membership.Self.Tag);
            var answer = await directory.ConfirmAsync(session.Id, self, claim, CancellationToken.None);
            if (answer.Status == RecordStatus.Accepted)
            {
                session.Verify(claim, verification);
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
            _running.TryRemove(session, out _);
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
