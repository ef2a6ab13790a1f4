using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using StickySessions.Ownership;
using StickySessions.Policies;

namespace StickySessions.State;

/// <summary>
/// <c>HttpContext.Session</c> of one request: the one live state of its session, which all its requests share. Nothing is loaded, and nothing blocks.
/// </summary>
/// <param name="context">The request.</param>
/// <param name="request">Which session it runs in; that may change once, when the application gives out a token.</param>
/// <param name="states">The state of sessions.</param>
internal sealed class RequestSession(HttpContext context, IRequestInSession request, SessionStates states) : ISession, ISessionFeature
{
    public ISession Session
    {
        get => this;
        set => throw new NotSupportedException("The session is StickySessions' own: remove AddStickySessionState to use another one.");
    }

    public bool IsAvailable => true;

    public string Id => Held.Id.ToString();

    public IEnumerable<string> Keys => State.Entries.Keys;

    private HeldSession Held => request.Session;

    private LiveState State => states.Of(request.Session);

    /// <summary>There is nothing to load: the state came with the session.</summary>
    public Task LoadAsync(CancellationToken cancellationToken = default)
        => cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : Task.CompletedTask;

    /// <summary>
    /// With <see cref="SessionDurability.BeforeResponse"/>: completes once all that the session's state is now is stored. Responses wait for that by themselves; streams
    /// and sockets call it. Otherwise completes at once.
    /// </summary>
    /// <exception cref="SessionCommitException">It could not be stored.</exception>
    public async Task CommitAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (SessionStates.MustStore(Held) && await states.StoreAsync(Held).WaitAsync(cancellationToken) is { } reason)
        {
            throw new SessionCommitException(reason);
        }
    }

    public bool TryGetValue(string key, [NotNullWhen(true)] out byte[]? value)
    {
        ArgumentNullException.ThrowIfNull(key);
        var found = IsTyped(key) ? null : State.Entries.Find(key)?.Value;

        // A copy: what the application does to it must neither change what others see, nor hide that what it sets next is a change.
        value = found?.AsSpan().ToArray();
        return value is not null;
    }

    public void Set(string key, byte[] value)
    {
        ArgumentNullException.ThrowIfNull(value);
        Check(key);
        State.Set(key, value);
        states.Changed(Held);
    }

    public void Remove(string key)
    {
        Check(key);
        State.Remove(key);
        states.Changed(Held);
    }

    public void Clear()
    {
        CheckResponse();
        State.Clear();
        states.Changed(Held);
    }

    /// <exception cref="InvalidOperationException">Nobody has made the type known.</exception>
    public SessionState<T> Typed<T>()
        where T : class, new()
        => new(this, states.TypeOf<T>());

    public TResult Read<T, TResult>(StateType<T> type, Func<T, TResult> read)
        where T : class, new()
        => states.WithValue(Held, type, state => state.Read(type, read));

    public TResult Change<T, TResult>(StateType<T> type, Func<T, TResult> change)
        where T : class, new()
    {
        CheckResponse();
        var result = states.WithValue(Held, type, state => state.Change(type, change));
        states.Changed(Held);
        return result;
    }

    public void Remove(StateType type)
    {
        CheckResponse();
        State.Remove(type.Key);
        states.Changed(Held);
    }

    private void Check(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (IsTyped(key))
        {
            throw new ArgumentException("A session's key must not begin with the character U+0000.", nameof(key));
        }

        CheckResponse();
    }

    private static bool IsTyped(string key) => key.Length > 0 && key[0] == StateEntries.TypedMark;

    /// <summary>The client has been told already that all is stored.</summary>
    private void CheckResponse()
    {
        if (context.Response.HasStarted && Held.Durability == SessionDurability.BeforeResponse && !LongLivedResponse.Begins(context))
        {
            throw new InvalidOperationException(
                "The session cannot be changed after the response has started: its policy's Durability is BeforeResponse, and the client has its answer. Change it before, or choose Async.");
        }
    }
}

/// <summary>A request that runs in a session.</summary>
internal interface IRequestInSession
{
    /// <summary>The session that it runs in now.</summary>
    HeldSession Session { get; }
}
