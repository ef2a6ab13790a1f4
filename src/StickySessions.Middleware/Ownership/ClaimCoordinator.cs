using System.Collections.Concurrent;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// Claims sessions for this node. Many requests of one orphan arrive at once; they share one claim. Safe for concurrent use.
/// </summary>
internal sealed class ClaimCoordinator(IOwnershipDirectory directory)
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
            return await directory.ClaimAsync(claim.Session, claim.ExpectedOwner, claim.SeenEpoch, claim.Claimer, CancellationToken.None);
        }
        finally
        {
            _running.TryRemove(claim, out _);
        }
    }

    private readonly record struct Claim(SessionId Session, NodeTag ExpectedOwner, uint SeenEpoch, NodeTag Claimer);
}
