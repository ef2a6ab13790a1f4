namespace StickySessions.State;

/// <summary>
/// Keys and values of one session, sorted. Immutable, so that whoever reads it, or stores it, sees one moment of it; a change copies the references. Far
/// smaller than a dictionary, and with the few keys that sessions have as fast.
/// </summary>
internal sealed class StateEntries
{
    /// <summary>Begins the keys of typed values.</summary>
    public const char TypedMark = '\0';

    private readonly StateEntry[] _sorted;

    private StateEntries(StateEntry[] sorted, int bytes)
    {
        _sorted = sorted;
        Bytes = bytes;
    }

    public static StateEntries Empty { get; } = new([], 0);

    /// <summary>Many at once; of several with one key the last.</summary>
    public static StateEntries Of(StateEntry[] entries)
    {
        var bytes = 0;
        for (var i = 0; i < entries.Length; i++)
        {
            if (i > 0 && string.CompareOrdinal(entries[i - 1].Key, entries[i].Key) >= 0)
            {
                return entries.Aggregate(Empty, static (all, entry) => all.With(entry));
            }

            bytes += entries[i].Bytes;
        }

        return entries.Length == 0 ? Empty : new StateEntries(entries, bytes);
    }

    public int Count => _sorted.Length;

    /// <summary>Of keys, by their characters, and values.</summary>
    public int Bytes { get; }

    public ReadOnlySpan<StateEntry> All => _sorted;

    /// <summary>The keys of <c>ISession</c>.</summary>
    public IEnumerable<string> Keys => _sorted.Where(entry => !entry.IsTyped).Select(entry => entry.Key);

    public StateEntry? Find(string key) => IndexOf(key) is >= 0 and var index ? _sorted[index] : null;

    public StateEntries With(StateEntry entry)
    {
        var index = IndexOf(entry.Key);
        if (index >= 0)
        {
            var replaced = (StateEntry[])_sorted.Clone();
            replaced[index] = entry;
            return new StateEntries(replaced, Bytes - _sorted[index].Bytes + entry.Bytes);
        }

        var place = ~index;
        var grown = new StateEntry[_sorted.Length + 1];
        _sorted.AsSpan(0, place).CopyTo(grown);
        grown[place] = entry;
        _sorted.AsSpan(place).CopyTo(grown.AsSpan(place + 1));
        return new StateEntries(grown, Bytes + entry.Bytes);
    }

    public StateEntries Without(string key)
    {
        var index = IndexOf(key);
        if (index < 0)
        {
            return this;
        }

        var shrunk = new StateEntry[_sorted.Length - 1];
        _sorted.AsSpan(0, index).CopyTo(shrunk);
        _sorted.AsSpan(index + 1).CopyTo(shrunk.AsSpan(index));
        return new StateEntries(shrunk, Bytes - _sorted[index].Bytes);
    }

    private int IndexOf(string key)
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
internal sealed record StateEntry(string Key, byte[] Value, object? Live = null)
{
    public bool IsTyped => Key.StartsWith(StateEntries.TypedMark);

    public int Bytes => Key.Length + Value.Length;
}
