namespace StickySessions.Ownership;

/// <summary>What a node keeps of the state of a session that it holds. Safe for concurrent use.</summary>
internal abstract class SessionMemory
{
    /// <summary>The latest snapshot that the record is known to have; 0 if it has none.</summary>
    public abstract long Stored { get; }

    /// <summary>The record has this snapshot. Fewer than before means that the store has lost writes.</summary>
    public abstract void IsStoredUpTo(long version);
}

/// <summary>A snapshot that came with the record, and that nobody has needed yet.</summary>
internal sealed class StoredMemory(StoredState state) : SessionMemory
{
    private long _stored = state.Version;

    public StoredState State => state;

    public override long Stored => Volatile.Read(ref _stored);

    public override void IsStoredUpTo(long version) => Volatile.Write(ref _stored, version);
}
