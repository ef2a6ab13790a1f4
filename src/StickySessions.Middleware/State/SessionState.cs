namespace StickySessions.State;

/// <summary>
/// A value of the application in the session: one live object in the owner's memory, shared by all requests of the session. Functions that are passed in run
/// while no other request looks at the object or changes it, so they should be short, and must not keep it. Safe for concurrent use.
/// </summary>
/// <typeparam name="T">What <see cref="StickySessionStateOptions.Add{T}"/> has made known.</typeparam>
public sealed class SessionState<T>
    where T : class, new()
{
    private readonly RequestSession _session;
    private readonly StateType<T> _type;

    internal SessionState(RequestSession session, StateType<T> type) => (_session, _type) = (session, type);

    /// <summary>Looks at the value; a new one if the session has none.</summary>
    /// <returns>What <paramref name="read"/> returns, which must not be a part of the object that others change.</returns>
    public TResult Read<TResult>(Func<T, TResult> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        return _session.Read(_type, read);
    }

    /// <summary>Changes the value in one step: what throws has changed nothing.</summary>
    /// <exception cref="SessionLimitException">The session has no room for it.</exception>
    /// <exception cref="InvalidOperationException">The response has started, and the client was told that all is stored.</exception>
    public void Change(Action<T> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        _session.Change(_type, value =>
        {
            change(value);
            return true;
        });
    }

    /// <inheritdoc cref="Change(Action{T})"/>
    /// <returns>What <paramref name="change"/> returns.</returns>
    public TResult Change<TResult>(Func<T, TResult> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        return _session.Change(_type, change);
    }

    /// <summary>Takes the value out of the session.</summary>
    /// <exception cref="InvalidOperationException">The response has started, and the client was told that all is stored.</exception>
    public void Remove() => _session.Remove(_type);
}
