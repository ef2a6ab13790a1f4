using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using StickySessions.Ownership;
using StickySessions.Policies;

namespace StickySessions.State;

/// <summary>The state of the sessions that this node holds: read from what the record had, kept in memory, stored as the policy says. Safe for concurrent use.</summary>
internal sealed class SessionStates(
    SnapshotFormat format, StateWriter writer, WriteBehind behind, IOptions<StickySessionStateOptions> options, UnreadableSnapshots unreadable)
{
    /// <summary>The state of a session, which is empty at first. No I/O: what was stored came with the claim.</summary>
    public LiveState Of(HeldSession session)
    {
        while (true)
        {
            var memory = session.Memory;
            if (memory is LiveState live)
            {
                return live;
            }

            if (session.ReplaceMemory(memory, Read(session, memory as StoredMemory)) is LiveState first)
            {
                return first;
            }
        }
    }

    /// <exception cref="InvalidOperationException">Nobody has made the type known.</exception>
    public StateType<T> TypeOf<T>()
        where T : class, new()
        => options.Value.Types.TryGetValue(typeof(T), out var type)
            ? (StateType<T>)type
            : throw new InvalidOperationException(
                $"The type {typeof(T)} is not known to sessions: call AddStickySessionState(options => options.Add(\"name\", SomeJsonContext.Default.{typeof(T).Name})).");

    /// <summary>Gives a request <c>HttpContext.Session</c>.</summary>
    public void Attach(HttpContext context, IRequestInSession request)
    {
        var session = new RequestSession(context, request, this);
        context.Features.Set<ISessionFeature>(session);
        context.Features.Set(session);
    }

    /// <summary>Runs what touches a typed value. One that cannot be read begins anew.</summary>
    public TResult WithValue<TResult>(HeldSession session, StateType type, Func<LiveState, TResult> run)
    {
        var state = Of(session);
        try
        {
            return run(state);
        }
        catch (UnreadableSnapshotException broken)
        {
            unreadable.Put(session, StoredOf(session), broken.Message);
            state.Remove(type.Key, broken.Value);
            return run(state);
        }
    }

    /// <summary>A request has changed something.</summary>
    public void Changed(HeldSession session)
    {
        if (session.Durability == SessionDurability.Async)
        {
            behind.Add(session);
        }
    }

    /// <summary>The application has given out a token: what the request has put into its provisional session goes with it, unless that session has the like.</summary>
    public void Carry(HeldSession provisional, HeldSession bound)
    {
        if (provisional.Memory is LiveState { Version: > 0 } begun)
        {
            Of(bound).Fill(begun.Entries);
            Changed(bound);
        }
    }

    /// <summary>All of a session's state, as a record has it.</summary>
    public StoredState StoredOf(HeldSession session)
    {
        switch (session.Memory)
        {
            case StoredMemory untouched:
                return untouched.State;
            case LiveState live:
                var (entries, version) = live.Snapshot();
                return new StoredState(version, options.Value.SchemaVersion, format.Write(entries));
            default:
                return default;
        }
    }

    /// <summary>Whether a response of the session must wait, since it could tell of something that is not stored.</summary>
    public static bool MustStore(HeldSession session)
        => session is { Durability: SessionDurability.BeforeResponse, Memory: LiveState { IsStored: false } };

    /// <returns>The reason why it could not be stored, or null.</returns>
    public Task<string?> StoreAsync(HeldSession session)
        => session.Memory is LiveState state ? writer.StoreAsync(session, state) : Task.FromResult<string?>(null);

    /// <summary>A request is over that changed something after its response had begun, or failed.</summary>
    public void Leave(HeldSession session)
    {
        if (MustStore(session) && !session.IsEnded)
        {
            behind.Add(session);
        }
    }

    private LiveState Read(HeldSession session, StoredMemory? stored)
        => stored is null
            ? new LiveState(StateEntries.Empty, version: 0, stored: 0, options.Value)
            : new LiveState(EntriesOf(session, stored), stored.State.Version, stored.Stored, options.Value);

    /// <summary>What was stored of a session; nothing if that cannot be read.</summary>
    public StateEntries EntriesOf(HeldSession session, StoredMemory stored)
    {
        try
        {
            if (stored.State.Schema > options.Value.SchemaVersion)
            {
                throw new UnreadableSnapshotException(
                    $"its schema is {stored.State.Schema}, and StickySessions:State:SchemaVersion is {options.Value.SchemaVersion} here");
            }

            return format.Read(stored.State.Snapshot);
        }
        catch (UnreadableSnapshotException broken)
        {
            unreadable.Put(session, stored.State, broken.Message);
            return StateEntries.Empty;
        }
    }
}
