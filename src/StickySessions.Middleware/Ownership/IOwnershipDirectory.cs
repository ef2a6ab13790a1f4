using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// The records that say who owns a session once the token no longer does. A session that never changed its owner has no record.
/// Implementations are safe for concurrent use and throw <see cref="DirectoryUnavailableException"/> when they cannot answer.
/// </summary>
internal interface IOwnershipDirectory
{
    /// <summary>Reads the record of a session.</summary>
    /// <returns>The record, or null if the session has none.</returns>
    ValueTask<OwnershipRecord?> ReadAsync(SessionId session, CancellationToken cancellationToken);

    /// <summary>
    /// Becomes the owner if the owner is still the expected one: compare-and-set on owner and epoch. Idempotent: a claimer that
    /// already owns the session gets the same answer again.
    /// </summary>
    /// <param name="session">The session to claim.</param>
    /// <param name="expectedOwner">The owner that is gone, as the token or the record says.</param>
    /// <param name="seenEpoch">The epoch in the token: the new epoch is higher than this and higher than the stored one.</param>
    /// <param name="claimer">The tag of this node.</param>
    /// <param name="cancellationToken">Stops waiting; the claim may have happened.</param>
    ValueTask<ClaimResult> ClaimAsync(
        SessionId session, NodeTag expectedOwner, uint seenEpoch, NodeTag claimer, CancellationToken cancellationToken);

    /// <summary>
    /// Looks again at a claim that <see cref="ClaimResult.IsUnopposed"/>, before anybody acts upon it: the store may just have lost what stood
    /// against it.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="won">The claim's result.</param>
    ValueTask<ClaimResult> ReconsiderAsync(SessionId session, ClaimResult won) => new(won);

    /// <summary>
    /// A session has begun here whose token says nothing of its owner: from now on the directory does. Without a store the memory is the record.
    /// </summary>
    /// <returns><see cref="ClaimStatus.Owned"/>, unless the same token was recorded before for another node, or has ended.</returns>
    ValueTask<ClaimResult> RecordAsync(SessionId session, NodeTag owner, CancellationToken cancellationToken)
        => new(new ClaimResult(ClaimStatus.Owned, owner, Epoch: 1));

    /// <summary>
    /// Ends a session for good: a tombstone one epoch higher, that lives as long as the longest accepted token, makes every later
    /// claim start a new session.
    /// </summary>
    ValueTask EndAsync(SessionId session, uint epoch, TimeSpan keepFor, CancellationToken cancellationToken);

    /// <summary>A session has idled out here, or become too old: nothing tells of it any more. Without a store nothing does anyway.</summary>
    ValueTask WithdrawExpiredAsync(SessionId session, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>
    /// The owner asks whether the session is still its own. A record keeps its whole lifetime from then on; one that was lost, or went
    /// back in time, is written again. Without a store the memory is the record.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="owner">This node.</param>
    /// <param name="claim">The claim under which it holds the session.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    ValueTask<RecordAnswer> ConfirmAsync(SessionId session, NodeTag owner, SessionClaim claim, CancellationToken cancellationToken)
        => new(new RecordAnswer(RecordStatus.Accepted, owner, claim.Epoch));
}

/// <summary>Who owns a session, at which epoch, and what is stored of its state; or that it has ended.</summary>
internal readonly record struct OwnershipRecord(NodeTag Owner, uint Epoch, bool Ended, ulong Nonce = 0, StoredState State = default);

internal enum ClaimStatus
{
    /// <summary>The claimer owns the session now (or did already).</summary>
    Owned,

    /// <summary>Another node owns it.</summary>
    OwnedByOther,

    /// <summary>The session has ended.</summary>
    Ended,

    /// <summary>Not decided: this node has too many sessions to claim.</summary>
    Busy,

    /// <summary>Not decided: while the claim waited for its turn this node's lease ended.</summary>
    LeaseEnded,
}

/// <param name="Status">Who owns the session now.</param>
/// <param name="Owner">Its tag.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Nonce">Of the claim, if the claimer owns the session.</param>
/// <param name="State">What was stored of the session's state, if the claimer owns it.</param>
/// <param name="IsUnopposed">Whether there was no record and no other node was asked, since none is needed for a session's first change of owner.</param>
internal readonly record struct ClaimResult(
    ClaimStatus Status, NodeTag Owner, uint Epoch, ulong Nonce = 0, StoredState State = default, bool IsUnopposed = false);

/// <summary>The directory could not be asked: Redis is away, or no majority of the static nodes is in sight.</summary>
internal sealed class DirectoryUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
