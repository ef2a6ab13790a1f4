using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// Claims sessions for this node. Many requests of one orphan arrive at once; they share one claim. Many orphans of one node that died
/// are asked for at once; few are claimed at a time, so that sessions of this node, and whatever else uses Redis, need not wait behind
/// all of them. Safe for concurrent use.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "Nobody asks the semaphore for its handle, so it holds nothing.")]
internal sealed partial class ClaimCoordinator(
    IOwnershipDirectory directory, NodeLease lease, TimeProvider time, ILogger<ClaimCoordinator> logger, FormerOwner? formerOwner = null)
{
    /// <summary>Enough to keep a Redis busy that answers within a few milliseconds.</summary>
    public const int MaxAtOnce = 32;

    /// <summary>As many as requests may wait for a node by default.</summary>
    public const int MaxWaiting = 4096;

    /// <summary>Longer than a Redis that is well takes for all that wait; with one that hangs nobody waits much longer than for it alone.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<Claim, SharedClaim> _shared = new();
    private readonly SemaphoreSlim _places = new(MaxAtOnce);
    private int _waiting;

    /// <inheritdoc cref="IOwnershipDirectory.ClaimAsync"/>
    /// <remarks>
    /// A claim that waits for its turn is given up when the last caller stops waiting. One that has begun goes on. Beyond the bounds of
    /// this class the result is <see cref="ClaimStatus.Busy"/>, and nothing has been claimed. Shared are only claims for which the same held when they
    /// were asked for: an answer from before Redis lost something is worth nothing after it.
    /// </remarks>
    public async Task<ClaimResult> ClaimAsync(
        SessionId session, NodeTag expectedOwner, uint seenEpoch, NodeTag claimer, AskedIn asked, CancellationToken cancellationToken)
    {
        var claim = new Claim(session, expectedOwner, seenEpoch, claimer, asked);
        while (true)
        {
            var shared = _shared.GetOrAdd(claim, static (claim, self) => new SharedClaim(shared => self.RunAsync(claim, shared)), this);
            if (!shared.TryJoin())
            {
                // Given up a moment ago, and about to be removed.
                _shared.TryRemove(KeyValuePair.Create(claim, shared));
                continue;
            }

            try
            {
                return await shared.Result.WaitAsync(cancellationToken);
            }
            finally
            {
                shared.Leave();
            }
        }
    }

    private async Task<ClaimResult> RunAsync(Claim claim, SharedClaim shared)
    {
        try
        {
            var result = await RunInItsPlaceAsync(claim, shared);
            if (result.IsUnopposed)
            {
                // Not in its place: that takes longer than the claim, and all claims share the work.
                result = await directory.ReconsiderAsync(claim.Session, result);
            }

            LogDecided(claim.Session, claim.ExpectedOwner, claim.SeenEpoch, result.Status, result.Owner, result.Epoch);
            return result;
        }
        finally
        {
            _shared.TryRemove(KeyValuePair.Create(claim, shared));
        }
    }

    private async Task<ClaimResult> RunInItsPlaceAsync(Claim claim, SharedClaim shared)
    {
        if (!await WaitForPlaceAsync(shared.GivenUp))
        {
            return new ClaimResult(ClaimStatus.Busy, default, 0);
        }

        try
        {
            if (!shared.TryBegin())
            {
                return new ClaimResult(ClaimStatus.Busy, default, 0);
            }

            if (formerOwner is not null)
            {
                await formerOwner.AskToGiveUpAsync(claim.Session, claim.ExpectedOwner);
            }

            // Both may have taken long.
            return lease.IsHeldSince(claim.Asked.Term)
                ? await directory.ClaimAsync(claim.Session, claim.ExpectedOwner, claim.SeenEpoch, claim.Claimer, CancellationToken.None)
                : new ClaimResult(ClaimStatus.LeaseEnded, default, 0);
        }
        finally
        {
            _places.Release();
        }
    }

    private async ValueTask<bool> WaitForPlaceAsync(CancellationToken givenUp)
    {
        if (_places.Wait(0, CancellationToken.None))
        {
            return true;
        }

        try
        {
            if (Interlocked.Increment(ref _waiting) > MaxWaiting)
            {
                return false;
            }

            using var timeout = new CancellationTokenSource(MaxWait, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, givenUp);
            await _places.WaitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    // At Debug: a node that dies orphans all its sessions at once.
    [LoggerMessage(StickyEventIds.Ownership, LogLevel.Debug,
        "Claimed session {Session} of {FormerOwner} at epoch {SeenEpoch}: {Status}, owner {Owner} at epoch {Epoch}")]
    private partial void LogDecided(SessionId session, NodeTag formerOwner, uint seenEpoch, ClaimStatus status, NodeTag owner, uint epoch);

    private readonly record struct Claim(SessionId Session, NodeTag ExpectedOwner, uint SeenEpoch, NodeTag Claimer, AskedIn Asked);
}
