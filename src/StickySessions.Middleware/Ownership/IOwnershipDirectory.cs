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
    /// Ends a session for good: a tombstone one epoch higher, that lives as long as the longest accepted token, makes every later
    /// claim start a new session.
    /// </summary>
    ValueTask EndAsync(SessionId session, uint epoch, TimeSpan keepFor, CancellationToken cancellationToken);
}

/// <summary>Who owns a session, at which epoch; or that it has ended.</summary>
internal readonly record struct OwnershipRecord(NodeTag Owner, uint Epoch, bool Ended);

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
}

internal readonly record struct ClaimResult(ClaimStatus Status, NodeTag Owner, uint Epoch);

/// <summary>The directory could not be asked: Redis is away, or no majority of the static nodes is in sight.</summary>
internal sealed class DirectoryUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
