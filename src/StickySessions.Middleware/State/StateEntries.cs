namespace StickySessions.State;

/// <summary>
/// Keys and values of one session, sorted. What it has never changes, so that whoever reads it, or stores it, sees one moment of it; a change copies the
/// references. One array: far smaller than a dictionary, and with the few keys that sessions have as fast.
/// </summary>
internal struct StateEntries
{
    /// <summary>Begins the keys of typed values.</summary>
    public const char TypedMark = '\0';

    private StateEntry[] _sorted;

    private StateEntries(StateEntry[] sorted) => _sorted = sorted;

    public static StateEntries Empty { get; } = new([]);

    /// <summary>Many at once; of several with one key the last.</summary>
    public static StateEntries Of(StateEntry[] entries)
    {
        for (var i = 1; i < entries.Length; i++)
        {
            if (string.CompareOrdinal(entries[i - 1].Key, entries[i].Key) >= 0)
            {
                return entries.Aggregate(Empty, static (all, entry) => all.With(entry));
            }
        }

        return entries.Length == 0 ? Empty : new StateEntries(entries);
    }

    /// <summary>Reads a place in which other threads may put others meanwhile.</summary>
    public static StateEntries Read(ref StateEntries place) => new(Volatile.Read(ref place._sorted));

    /// <summary>Puts them in a place that other threads read meanwhile.</summary>
    public static void Write(ref StateEntries place, StateEntries entries) => Volatile.Write(ref place._sorted, entries._sorted);

    public readonly int Count => _sorted.Length;

    /// <summary>Of keys, by their characters, and values. Counted anew each time.</summary>
    public readonly int Bytes
    {
        get
        {
            var bytes = 0;
            foreach (ref readonly var entry in _sorted.AsSpan())
            {
                bytes += entry.Bytes;
            }

            return bytes;
        }
    }

    public readonly ReadOnlySpan<StateEntry> All => _sorted;

    /// <summary>The keys of <c>ISession</c>.</summary>
    public readonly IEnumerable<string> Keys => _sorted.Where(entry => !entry.IsTyped).Select(entry => entry.Key);

    /// <summary>Whether nothing has changed in between.</summary>
    public readonly bool AreSame(StateEntries others) => ReferenceEquals(_sorted, others._sorted);

    public readonly StateEntry? Find(string key) => IndexOf(key) is >= 0 and var index ? _sorted[index] : null;

    public readonly StateEntries With(StateEntry entry)
    {
        var index = IndexOf(entry.Key);
        if (index >= 0)
        {
            var replaced = (StateEntry[])_sorted.Clone();
            replaced[index] = entry;
            return new StateEntries(replaced);
        }

        var place = ~index;
        var grown = new StateEntry[_sorted.Length + 1];
        _sorted.AsSpan(0, place).CopyTo(grown);
        grown[place] = entry;
        _sorted.AsSpan(place).CopyTo(grown.AsSpan(place + 1));
        return new StateEntries(grown);
    }

    public readonly StateEntries Without(string key)
    {
        var index = IndexOf(key);
        if (index < 0)
        {
            return this;
        }

        var shrunk = new StateEntry[_sorted.Length - 1];
        _sorted.AsSpan(0, index).CopyTo(shrunk);
        _sorted.AsSpan(index + 1).CopyTo(shrunk.AsSpan(index));
        return new StateEntries(shrunk);
    }

    private readonly int IndexOf(string key)
    {
        var (from, to) = (0, _sorted.Length - 1);
        while (from <= to)
        {
            var middle = (from + to) / 2;
            var order = string.CompareOrdinal(_sorted[middle].Key, key);
            if (order == 0)
            {
                return middle;
            }

            (from, to) = order < 0 ? (middle + 1, to) : (from, middle - 1);
        }

        return ~from;
    }
}

/// <param name="Key">The key.</param>
/// <param name="Value">What is stored; nobody changes it any more.</param>
/// <param name="Live">The object of a typed value, once somebody has asked for it. Touched only under its session's gate.</param>
internal readonly record struct StateEntry(string Key, byte[] Value, object? Live = null)
{
    public bool IsTyped => Key.StartsWith(StateEntries.TypedMark);

    public int Bytes => Key.Length + Value.Length;
}
