using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// Sessions that this node has lost or given up, and up to which epoch. A reply that was sent before may arrive after that (a script may be
/// slow, and a reply may wait for a thread), and names this node as the owner though it is no more. Bounded; beyond the bound the oldest is
/// forgotten. Safe for concurrent use.
/// </summary>
internal sealed class GivenAwaySessions(TimeProvider time)
{
    /// <summary>About 10 MB.</summary>
    public const int Capacity = 100_000;

    /// <summary>Longer than any reply is waited for. One that waits because the process is paused finds that its lease has ended.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(1);

    private readonly Lock _guard = new();
    private readonly Dictionary<SessionId, Entry> _entries = [];
    private readonly Queue<(SessionId Session, long Since)> _oldestFirst = new();

    public void Add(SessionId session, uint epoch)
    {
        lock (_guard)
        {
            while (_oldestFirst.TryPeek(out var oldest) && (_oldestFirst.Count >= Capacity || HasExpired(oldest.Since)))
            {
                _oldestFirst.Dequeue();
                if (_entries[oldest.Session].Since == oldest.Since)
                {
                    _entries.Remove(oldest.Session);
                }
            }

            var since = time.GetTimestamp();
            var isKnown = _entries.TryGetValue(session, out var known);
            _entries[session] = new Entry(Math.Max(epoch, known.Epoch), since);
            if (!isKnown || known.Since != since)
            {
                _oldestFirst.Enqueue((session, since));
            }
        }
    }

    /// <returns>The highest epoch of the session that is not this node's own any more, or 0.</returns>
    public uint UpTo(SessionId session)
    {
        lock (_guard)
        {
            return _entries.TryGetValue(session, out var entry) && !HasExpired(entry.Since) ? entry.Epoch : 0;
        }
    }

    private bool HasExpired(long since) => time.GetElapsedTime(since) >= KeptFor;

    private readonly record struct Entry(uint Epoch, long Since);
}
