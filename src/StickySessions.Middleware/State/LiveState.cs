using System.Text.Json;
using StickySessions.Ownership;

namespace StickySessions.State;

/// <summary>
/// The state of one session in its owner's memory, shared by all its requests. Each change is one step that no other request sees half of, and none is
/// lost. Safe for concurrent use; reading takes no lock.
/// </summary>
/// <param name="entries">What the session has so far.</param>
/// <param name="version">The snapshot that this is; 0 if there was none.</param>
/// <param name="stored">The one that is stored: less, if the store has lost some.</param>
/// <param name="limits">What one session may hold.</param>
internal sealed class LiveState(StateEntries entries, long version, long stored, StickySessionStateOptions limits) : SessionMemory
{
    // Changes are made under a lock on this object, which nobody else sees: one object less for each session.
    private StateEntries _entries = entries;
    private long _version = version;
    private long _stored = stored;
    private Task<string?>? _writing;
    private int _isWaitingToBeStored;
    private bool _isChanging;

    public StateEntries Entries => StateEntries.Read(ref _entries);

    /// <summary>Counts the changes of the session, at whichever owner: a snapshot has all up to its own.</summary>
    public long Version => Volatile.Read(ref _version);

    public override long Stored => Volatile.Read(ref _stored);

    public bool IsStored => Stored >= Version;

    /// <summary>Both as of one moment.</summary>
    public (StateEntries Entries, long Version) Snapshot()
    {
        lock (this)
        {
            return (_entries, _version);
        }
    }

    public override void IsStoredUpTo(long version) => Volatile.Write(ref _stored, version);

    /// <exception cref="SessionLimitException">The session has no room for it.</exception>
    public void Set(string key, ReadOnlySpan<byte> value)
    {
        lock (this)
        {
            if (_entries.Find(key) is not { } present || !value.SequenceEqual(present.Value))
            {
                Use(_entries.With(new StateEntry(key, value.ToArray())));
            }
        }
    }

    public void Remove(string key)
    {
        lock (this)
        {
            Use(_entries.Without(key));
        }
    }

    /// <summary>Takes out what cannot be read, unless somebody else has put something in its place meanwhile.</summary>
    public void Remove(string key, byte[]? unreadable)
    {
        lock (this)
        {
            if (_entries.Find(key) is { } present && ReferenceEquals(present.Value, unreadable))
            {
                Use(_entries.Without(key));
            }
        }
    }

    public void Clear() => Replace(StateEntries.Empty);

    /// <summary>All at once.</summary>
    public void Replace(StateEntries entries)
    {
        lock (this)
        {
            if (entries.Count > 0 || _entries.Count > 0)
            {
                Use(entries);
            }
        }
    }

    /// <summary>Takes what a session of another kind had, unless anything has ever been in this one.</summary>
    public bool TryBegin(StateEntries entries)
    {
        lock (this)
        {
            if (_version > 0 || entries.Count == 0)
            {
                return false;
            }

            Use(entries);
            return true;
        }
    }

    /// <summary>Takes what the session does not have.</summary>
    public void Fill(StateEntries others)
    {
        lock (this)
        {
            var filled = _entries;
            foreach (var entry in others.All)
            {
                filled = filled.Find(entry.Key) is null ? filled.With(entry with { Live = null }) : filled;
            }

            Use(filled);
        }
    }

    /// <summary>Looks at a typed value while nobody changes it.</summary>
    /// <exception cref="UnreadableSnapshotException">What is stored is no such value.</exception>
    public TResult Read<T, TResult>(StateType<T> type, Func<T, TResult> read)
        where T : class, new()
    {
        lock (this)
        {
            return read(LiveOf(type));
        }
    }

    /// <summary>
    /// Changes a typed value in one step. A change that throws, or for which the session has no room, has not happened: the value is read anew from what it was.
    /// </summary>
    /// <exception cref="SessionLimitException">The session has no room for it.</exception>
    /// <exception cref="UnreadableSnapshotException">What is stored is no such value.</exception>
    /// <exception cref="InvalidOperationException">It was called by another change of the same session, which could not take it back.</exception>
    public TResult Change<T, TResult>(StateType<T> type, Func<T, TResult> change)
        where T : class, new()
    {
        lock (this)
        {
            if (_isChanging)
            {
                throw new InvalidOperationException(
                    "A change of a session's value runs within another one, and could not be taken back with it: make both in one Change, or one after the other.");
            }

            var live = LiveOf(type);
            _isChanging = true;
            try
            {
                var result = change(live);
                var bytes = type.Write(live);
                if (_entries.Find(type.Key) is not { } present || !bytes.AsSpan().SequenceEqual(present.Value))
                {
                    Use(_entries.With(new StateEntry(type.Key, bytes, live)));
                }

                return result;
            }
            catch
            {
                if (_entries.Find(type.Key) is { } before)
                {
                    StateEntries.Write(ref _entries, _entries.With(before with { Live = null }));
                }

                throw;
            }
            finally
            {
                _isChanging = false;
            }
        }
    }

    /// <summary>
    /// The write that is under way, or a new one: what waits for the same change shares one. A write begins with a snapshot, so one that is under way may be too old.
    /// </summary>
    public Task<string?> WriteOnce(Func<Task<string?>> begin)
    {
        lock (this)
        {
            if (_writing is not { IsCompleted: false })
            {
                _writing = begin();
            }

            return _writing;
        }
    }

    /// <summary>That write is over, and need not be remembered.</summary>
    public void HasWritten(Task<string?> writing) => Interlocked.CompareExchange(ref _writing, null, writing);

    /// <returns>Whether it was not waiting before.</returns>
    public bool WaitsToBeStored() => Interlocked.Exchange(ref _isWaitingToBeStored, 1) == 0;

    /// <summary>It is stored now: what changes from here on waits anew.</summary>
    public void WaitsNoMore() => Volatile.Write(ref _isWaitingToBeStored, 0);

    private static T ReadValue<T>(StateType<T> type, StateEntry? present)
        where T : class, new()
    {
        try
        {
            return type.Read(present?.Value);
        }
        catch (Exception broken) when (broken is JsonException or NotSupportedException)
        {
            throw new UnreadableSnapshotException($"its value \"{type.Name}\" is no {typeof(T)}, at {(broken as JsonException)?.Path ?? "its beginning"}", broken)
            {
                Value = present?.Value,
            };
        }
    }

    private T LiveOf<T>(StateType<T> type)
        where T : class, new()
    {
        var present = _entries.Find(type.Key);
        if (present?.Live is T live)
        {
            return live;
        }

        live = ReadValue(type, present);
        if (present is not null)
        {
            // Not a change: the same value, read.
            StateEntries.Write(ref _entries, _entries.With(present.Value with { Live = live }));
        }

        return live;
    }

    private void Use(StateEntries changed)
    {
        if (changed.AreSame(_entries))
        {
            return;
        }

        if (changed.Count > limits.MaxEntries && changed.Count > _entries.Count)
        {
            throw new SessionLimitException(
                $"The session would have {changed.Count} entries, but StickySessions:State:MaxEntries is {limits.MaxEntries}: keep less in it, or raise the limit.");
        }

        if (changed.Bytes > limits.MaxBytes && changed.Bytes > _entries.Bytes)
        {
            throw new SessionLimitException(
                $"The session would have {changed.Bytes} bytes, but StickySessions:State:MaxBytes is {limits.MaxBytes}: keep less in it, or raise the limit.");
        }

        StateEntries.Write(ref _entries, changed);
        Volatile.Write(ref _version, _version + 1);
    }
}
