using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// Sessions that were ended here: the only tombstones of a cluster without a store, and what Redis is told again after it forgot them.
/// Bounded; beyond the bound the oldest is forgotten. Safe for concurrent use.
/// </summary>
internal sealed class EndedSessions(TimeProvider time)
{
    /// <summary>About 10 MB.</summary>
    public const int Capacity = 100_000;

    private readonly Lock _guard = new();
    private readonly Dictionary<SessionId, Tombstone> _tombstones = [];
    private readonly Queue<SessionId> _oldestFirst = new();

    public void Add(SessionId session, uint epoch, TimeSpan keepFor)
    {
        lock (_guard)
        {
            while (_oldestFirst.TryPeek(out var oldest) && (_oldestFirst.Count == Capacity || HasExpired(oldest)))
            {
                _tombstones.Remove(_oldestFirst.Dequeue());
            }

            if (_tombstones.TryAdd(session, new Tombstone(epoch, time.GetUtcNow() + keepFor)))
            {
                _oldestFirst.Enqueue(session);
            }
        }
    }

    public bool TryGet(SessionId session, out uint epoch)
    {
        lock (_guard)
        {
            epoch = _tombstones.TryGetValue(session, out var tombstone) ? tombstone.Epoch : 0;
            return epoch > 0 && !HasExpired(session);
        }
    }

    /// <summary>All that have not expired, the oldest first, each with its epoch and for how much longer it must be kept.</summary>
    public IReadOnlyList<(SessionId Session, uint Epoch, TimeSpan KeepFor)> All()
    {
        lock (_guard)
        {
            var now = time.GetUtcNow();
            return [.. _oldestFirst
                .Select(session => (session, _tombstones[session].Epoch, _tombstones[session].Until - now))
                .Where(tombstone => tombstone.Item3 > TimeSpan.Zero)];
        }
    }

    private bool HasExpired(SessionId session) => _tombstones[session].Until <= time.GetUtcNow();

    private readonly record struct Tombstone(uint Epoch, DateTimeOffset Until);
}
