using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using StickySessions.Redis;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// Sessions that have idled out in this node's memory, or become too old, while a record may still tell of them: until that is withdrawn, what it says of them must
/// not be believed. Safe for concurrent use.
/// </summary>
internal sealed class ExpiredSessions
{
    private readonly ConcurrentDictionary<SessionId, SessionClaim> _claims = new();
    private readonly HeldSessions _held;

    /// <param name="held">The sessions of this node.</param>
    /// <param name="options">Says whether there is a store: without one there are no records, and nothing to remember.</param>
    public ExpiredSessions(HeldSessions held, IOptions<StickyRedisOptions>? options = null)
    {
        _held = held;
        if (options is null || options.Value.Configuration is not null)
        {
            _held.Expired += session => _claims[session.Id] = session.Claim;
        }
    }

    public IEnumerable<SessionId> All() => _claims.Select(pair => pair.Key);

    /// <summary>Under which claim this node has held a session that expired; null if none did.</summary>
    public SessionClaim? Find(SessionId session)
    {
        _held.ExpireIfDue(session);
        return _claims.GetValueOrDefault(session);
    }

    /// <summary>There is no such record any more.</summary>
    public void Withdrawn(SessionId session, SessionClaim claim) => _claims.TryRemove(KeyValuePair.Create(session, claim));
}
