using Microsoft.Extensions.Logging;
using StickySessions.Diagnostics;
using StickySessions.Ownership;

namespace StickySessions.State;

/// <summary>
/// What becomes of stored state that this node cannot read: the session goes on without it, an event tells of it, and the bytes are kept aside in the store, since
/// the session's next change overwrites them.
/// </summary>
internal sealed partial class UnreadableSnapshots(ILogger<UnreadableSnapshots> logger, ISessionRecords? records = null)
{
    public void Put(HeldSession session, StoredState state, string reason)
    {
        Unreadable(logger, session.Id.ToString(), state.Version, state.Snapshot.Length, reason);
        if (records is not null)
        {
            _ = KeepAsync(session, state, records);
        }
    }

    private async Task KeepAsync(HeldSession session, StoredState state, ISessionRecords store)
    {
        try
        {
            Kept(logger, session.Id.ToString(), await store.KeepAsideAsync(session.Id, state, CancellationToken.None));
        }
        catch (Exception failed)
        {
            NotKept(logger, session.Id.ToString(), failed);
        }
    }

    [LoggerMessage(StickyEventIds.State + 10, LogLevel.Error,
        "The stored state of session {Session} (version {Version}, {Length} bytes) cannot be read: {Reason}. The session goes on without it.")]
    private static partial void Unreadable(ILogger logger, string session, long version, int length, string reason);

    [LoggerMessage(StickyEventIds.State + 11, LogLevel.Information, "The unreadable state of session {Session} is kept in Redis for a week: {Key}")]
    private static partial void Kept(ILogger logger, string session, string key);

    [LoggerMessage(StickyEventIds.State + 12, LogLevel.Warning, "The unreadable state of session {Session} could not be kept aside; its record has it until the session changes.")]
    private static partial void NotKept(ILogger logger, string session, Exception exception);
}
