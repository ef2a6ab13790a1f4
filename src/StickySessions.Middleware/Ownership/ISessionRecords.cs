using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// What an owner writes into the record of its session. Every write is fenced by the claim that it was made under, and may be repeated:
/// a reply that was lost is no reason for doubt. Implementations are safe for concurrent use and throw
/// <see cref="DirectoryUnavailableException"/> when the outcome is unknown.
/// </summary>
internal interface ISessionRecords
{
    /// <summary>Stores a snapshot, unless one of the same or a later version is stored already.</summary>
    /// <param name="session">The session.</param>
    /// <param name="owner">This node.</param>
    /// <param name="claim">The claim under which it holds the session.</param>
    /// <param name="state">The snapshot. Versions only rise, across owners too.</param>
    /// <param name="createBefore">
    /// Until when, by the clock of Redis, a record may be made that is missing or older than the claim: the end of the writer's lease
    /// fence. A limit in the script's own time holds however late the script runs. Not needed to overwrite what the same claim wrote: that
    /// proves that nobody else has claimed since.
    /// </param>
    /// <param name="release">Whether the owner lets go of the session with this write. Its epoch stays; anybody may claim it from then on.</param>
    /// <param name="cancellationToken">Stops waiting; the write may happen.</param>
    ValueTask<RecordAnswer> WriteAsync(
        SessionId session, NodeTag owner, SessionClaim claim, StoredState state, DateTimeOffset createBefore, bool release, CancellationToken cancellationToken);

    /// <summary>Gives a session to another node: snapshot, owner and the next epoch in one step.</summary>
    /// <param name="session">The session.</param>
    /// <param name="owner">This node.</param>
    /// <param name="claim">The claim under which it holds the session.</param>
    /// <param name="state">The snapshot. One that is not newer than what is stored leaves that as it is.</param>
    /// <param name="createBefore">As for <see cref="WriteAsync"/>.</param>
    /// <param name="next">Who owns the session from then on; it finds its claim in the record.</param>
    /// <param name="nextNonce">The nonce of that claim, the same at each repetition.</param>
    /// <param name="cancellationToken">Stops waiting; the hand-off may happen.</param>
    ValueTask<RecordAnswer> HandOffAsync(
        SessionId session,
        NodeTag owner,
        SessionClaim claim,
        StoredState state,
        DateTimeOffset createBefore,
        NodeTag next,
        ulong nextNonce,
        CancellationToken cancellationToken);

    /// <summary>Keeps a snapshot that nobody can read beside the record, for a week.</summary>
    /// <returns>Where it is.</returns>
    ValueTask<string> KeepAsideAsync(SessionId session, StoredState state, CancellationToken cancellationToken);
}

/// <summary>A session's state as a record holds it.</summary>
/// <param name="Version">Counts the snapshots of a session, from 1; 0 if none was ever stored. Below 2^53.</param>
/// <param name="Schema">How the snapshot is to be read; not negative.</param>
/// <param name="Snapshot">The bytes.</param>
internal readonly record struct StoredState(long Version, int Schema, ReadOnlyMemory<byte> Snapshot);

internal enum RecordStatus
{
    /// <summary>The record is as the caller wants it, be it by an earlier attempt.</summary>
    Accepted,

    /// <summary>Another node owns the session: what this one holds is worth nothing.</summary>
    Fenced,

    /// <summary>The session has ended.</summary>
    Ended,

    /// <summary>There is no record under this claim, and the writer's lease is over: it may not make one.</summary>
    TooLate,
}

/// <param name="Status">What became of it.</param>
/// <param name="Owner">The owner as the record had it, of use when the caller was fenced.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Version">The snapshot that was stored when the question came; 0 if there was none.</param>
internal readonly record struct RecordAnswer(RecordStatus Status, NodeTag Owner, uint Epoch, long Version = 0);
