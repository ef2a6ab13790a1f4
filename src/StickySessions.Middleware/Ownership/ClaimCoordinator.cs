using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using StickySessions.Diagnostics;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// Claims sessions for this node. Many requests of one orphan arrive at once; they share one claim. Safe for concurrent use.
/// </summary>
internal sealed partial class ClaimCoordinator(
    IOwnershipDirectory directory, ILogger<ClaimCoordinator> logger, FormerOwner? formerOwner = null)
{
    private readonly ConcurrentDictionary<Claim, Lazy<Task<ClaimResult>>> _running = new();

    /// <inheritdoc cref="IOwnershipDirectory.ClaimAsync"/>
    /// <remarks>A caller that stops waiting does not stop the claim: others wait for it too.</remarks>
    public Task<ClaimResult> ClaimAsync(
        SessionId session, NodeTag expectedOwner, uint seenEpoch, NodeTag claimer, CancellationToken cancellationToken)
        => _running
            .GetOrAdd(
                new Claim(session, expectedOwner, seenEpoch, claimer),
                static (claim, self) => new Lazy<Task<ClaimResult>>(() => self.RunAsync(claim)),
                this)
            .Value
            .WaitAsync(cancellationToken);

    private async Task<ClaimResult> RunAsync(Claim claim)
    {
        try
        {
            if (formerOwner is not null)
            {
                await formerOwner.AskToGiveUpAsync(claim.Session, claim.ExpectedOwner);
            }

            var result = await directory.ClaimAsync(claim.Session, claim.ExpectedOwner, claim.SeenEpoch, claim.Claimer, CancellationToken.None);
            LogDecided(claim.Session, claim.ExpectedOwner, claim.SeenEpoch, result.Status, result.Owner, result.Epoch);
            return result;
        }
        finally
        {
            _running.TryRemove(claim, out _);
        }
    }

    // At Debug: a node that dies orphans all its sessions at once.
    [LoggerMessage(StickyEventIds.Ownership, LogLevel.Debug,
        "Claimed session {Session} of {FormerOwner} at epoch {SeenEpoch}: {Status}, owner {Owner} at epoch {Epoch}")]
    private partial void LogDecided(SessionId session, NodeTag formerOwner, uint seenEpoch, ClaimStatus status, NodeTag owner, uint epoch);

    private readonly record struct Claim(SessionId Session, NodeTag ExpectedOwner, uint SeenEpoch, NodeTag Claimer);
}
