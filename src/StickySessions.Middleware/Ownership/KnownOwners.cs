using System.Collections.Concurrent;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// What this node has learnt of sessions whose token does not say who owns them: a hint, as a token is. Bounded: of the entries of two generations those that
/// nobody has asked for since the last change of generation are forgotten first. Safe for concurrent use.
/// </summary>
internal sealed class KnownOwners(int capacity = KnownOwners.Capacity)
{
    /// <summary>About 20 MB.</summary>
    public const int Capacity = 200_000;

    private readonly Lock _gate = new(); // guards the change of generation
    private volatile ConcurrentDictionary<SessionId, KnownOwner> _young = new();
    private volatile ConcurrentDictionary<SessionId, KnownOwner> _old = new();
    private int _added;

    public void Set(SessionId session, KnownOwner owner)
    {
        _young[session] = owner;
        if (Interlocked.Increment(ref _added) >= capacity / 2)
        {
            ChangeGeneration();
        }
    }

    public bool TryGet(SessionId session, out KnownOwner owner)
    {
        if (_young.TryGetValue(session, out owner))
        {
            return true;
        }

        if (_old.TryGetValue(session, out owner))
        {
            Set(session, owner);
            return true;
        }

        return false;
    }

    public void Forget(SessionId session)
    {
        _young.TryRemove(session, out _);
        _old.TryRemove(session, out _);
    }

    private void ChangeGeneration()
    {
        lock (_gate)
        {
            if (Volatile.Read(ref _added) >= capacity / 2)
            {
                _old = _young;
                _young = new();
                Volatile.Write(ref _added, 0);
            }
        }
    }
}

/// <summary>Who owned a session, at which epoch, when this node last heard of it.</summary>
internal readonly record struct KnownOwner(NodeTag Owner, uint Epoch);
