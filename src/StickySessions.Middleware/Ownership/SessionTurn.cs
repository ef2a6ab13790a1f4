namespace StickySessions.Ownership;

/// <summary>A request's turn in its session, or its place in the line for it. Disposing it, once or more often, gives it back.</summary>
internal sealed class SessionTurn : IDisposable
{
    /// <summary>In characters.</summary>
    public const int IdLength = 16;

    private readonly SessionTurns _turns;
    private readonly TaskCompletionSource<TurnStatus> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SessionTurn(SessionTurns turns, HeldSession session, string id)
    {
        _turns = turns;
        (Session, Id) = (session, id);
        Place = new LinkedListNode<SessionTurn>(this);
    }

    public HeldSession Session { get; }

    /// <summary>Names it to nobody but those who were told.</summary>
    public string Id { get; }

    /// <summary>In the session's line. Guarded by the line's lock.</summary>
    public LinkedListNode<SessionTurn> Place { get; }

    /// <summary>Whether nothing has to be waited for.</summary>
    public bool IsAnswered => _answer.Task.IsCompleted;

    public Task<TurnStatus> Answer => _answer.Task;

    /// <summary>Waits until it has the turn, or will not get it.</summary>
    public async Task<TurnStatus> WaitAsync(TimeSpan timeout, CancellationToken clientGone)
    {
        using var late = new CancellationTokenSource(timeout, _turns.Time);
        await using var onLate = late.Token.UnsafeRegister(static turn => ((SessionTurn)turn!).GiveUp(TurnStatus.Busy), this);
        await using var onGone = clientGone.UnsafeRegister(static turn => ((SessionTurn)turn!).GiveUp(TurnStatus.ClientGone), this);
        return await _answer.Task;
    }

    /// <summary>Waits no more.</summary>
    public void GiveUp(TurnStatus why) => _turns.GiveUp(this, why);

    /// <summary>Only the first answer counts. Under the line's lock.</summary>
    public bool TryAnswer(TurnStatus status) => _answer.TrySetResult(status);

    public void Dispose() => _turns.Return(this);
}

internal enum TurnStatus
{
    /// <summary>It runs now.</summary>
    Taken,

    /// <summary>Too many wait already, or it has waited long enough.</summary>
    Busy,

    /// <summary>It was made by a request that has the turn, and waits for it.</summary>
    Reentered,

    /// <summary>This node's lease ran out while it waited.</summary>
    LeaseExpired,

    /// <summary>The session has left this node while it waited, or is too old.</summary>
    SessionLost,

    /// <summary>The session was ended while it waited.</summary>
    SessionEnded,

    /// <summary>Nobody waits for its answer any more.</summary>
    ClientGone,
}
