using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Ownership;

namespace StickySessions.State;

/// <summary>
/// Stores the state of sessions that this node owns, fenced by its claim. What waits for the same version shares one write (group commit: D. DeWitt
/// et al., Implementation Techniques for Main Memory Database Systems, SIGMOD 1984). A write whose reply was lost is repeated as it was. Safe for
/// concurrent use.
/// </summary>
internal sealed partial class StateWriter(
    SnapshotFormat format,
    HeldSessions held,
    IClusterMembership membership,
    IOptions<StickySessionStateOptions> options,
    TimeProvider time,
    ILogger<StateWriter> logger,
    ISessionRecords? records = null)
{
    private static readonly TimeSpan PauseBeforeRepeating = TimeSpan.FromMilliseconds(50);

    /// <summary>Completes once all that the session's state is now is stored.</summary>
    /// <returns>The reason why it could not be, or null. Then the memory keeps it, and nobody may be told of it.</returns>
    public async Task<string?> StoreAsync(HeldSession session, LiveState state)
    {
        var version = state.Version;
        while (state.Stored < version)
        {
            var writing = state.WriteOnce(() => WriteAsync(session, state));
            var reason = await writing;
            state.HasWritten(writing);
            if (reason is not null)
            {
                return reason;
            }
        }

        return null;
    }

    /// <summary>This node stops. Without a store there is nobody to tell.</summary>
    /// <param name="session">The session.</param>
    /// <param name="release">Whether it is let go of: whoever needs it claims it, without a wait for this node to be gone.</param>
    /// <returns>Whether the state is where another node finds it.</returns>
    public async Task<bool> StoreLastAsync(HeldSession session, bool release)
    {
        if (records is null || session.IsHashed)
        {
            return false;
        }

        if (session.Memory is not LiveState state)
        {
            return true;
        }

        if (release)
        {
            session.Close();
        }

        var (entries, version) = state.Snapshot();
        try
        {
            var answer = await records.WriteAsync(
                session.Id,
                membership.Self.Tag,
                session.Claim,
                new StoredState(version, options.Value.SchemaVersion, format.Write(entries)),
                membership.Lease.StoreDeadline,
                release,
                CancellationToken.None);
            return answer.Status != RecordStatus.TooLate;
        }
        catch (DirectoryUnavailableException unavailable)
        {
            NotReleased(logger, session.Id.ToString(), unavailable.Message);
            return false;
        }
    }

    private async Task<string?> WriteAsync(HeldSession session, LiveState state)
    {
        var (entries, version) = state.Snapshot();
        await Task.Yield(); // the rest is not done under the state's gate
        var stored = new StoredState(version, options.Value.SchemaVersion, format.Write(entries));
        var since = time.GetTimestamp();
        while (true)
        {
            var claim = session.Claim;
            try
            {
                var answer = await records!.WriteAsync(
                    session.Id, membership.Self.Tag, claim, stored, membership.Lease.StoreDeadline, release: false, CancellationToken.None);
                var isOwnClaim = answer.Status == RecordStatus.Fenced && (answer.Owner == membership.Self.Tag || session.Claim != claim);
                if (!isOwnClaim || session.IsLost || time.GetElapsedTime(since) >= options.Value.WriteTimeout)
                {
                    return Conclude(session, state, version, answer);
                }

                // This node itself has claimed the session once more; the answer to that may still be on its way.
                if (session.Claim == claim)
                {
                    await Task.Delay(PauseBeforeRepeating, time);
                }
            }
            catch (DirectoryUnavailableException unavailable)
            {
                if (time.GetElapsedTime(since) >= options.Value.WriteTimeout)
                {
                    OutcomeUnknown(logger, session.Id.ToString(), unavailable.Message);
                    return StickyReasons.OutcomeUnknown;
                }

                await Task.Delay(PauseBeforeRepeating, time);
            }
        }
    }

    private string? Conclude(HeldSession session, LiveState state, long version, RecordAnswer answer)
    {
        switch (answer.Status)
        {
            case RecordStatus.Accepted:
                state.IsStoredUpTo(version);
                return null;

            case RecordStatus.Ended when session.IsEnded:
                // Ended here, while this was under way: there is nothing left to store.
                state.IsStoredUpTo(version);
                return null;

            case RecordStatus.Ended:
                held.LearnEnded(session.Id, answer.Epoch);
                return StickyReasons.OwnerLost;

            case RecordStatus.Fenced:
                held.Drop(session, answer.Epoch);
                return StickyReasons.OwnerLost;

            default:
                return StickyReasons.LeaseExpired;
        }
    }

    [LoggerMessage(StickyEventIds.State + 2, LogLevel.Warning, "The state of session {Session} could not be stored before this node stops: {Reason}")]
    private static partial void NotReleased(ILogger logger, string session, string reason);

    [LoggerMessage(StickyEventIds.State + 1, LogLevel.Warning,
        "What became of a write of session {Session} is unknown: {Reason} Its memory keeps the change, and nobody is told of it before it is stored.")]
    private static partial void OutcomeUnknown(ILogger logger, string session, string reason);
}
