using System.Collections.Concurrent;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>The sessions that are on their way from this node to another one. Safe for concurrent use.</summary>
internal sealed class SessionMoves(HeldSessions held, TimeProvider? time = null)
{
    /// <summary>A move takes milliseconds, unless the store or the other node does not answer: then who waits is better told.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly ConcurrentDictionary<SessionId, SessionMove> _moves = new();

    /// <summary>Closes the gate of a session: from now on who comes waits. <see cref="End"/> must follow.</summary>
    /// <param name="session">The session.</param>
    /// <param name="evenIfInUse">Whether to do that though requests run; they finish.</param>
    /// <returns>Null if it is in use, closed, or moving already.</returns>
    public SessionMove? TryBegin(HeldSession session, bool evenIfInUse)
    {
        var move = new SessionMove(session);
        if (!_moves.TryAdd(session.Id, move))
        {
            return null;
        }

        if (session.TryBeginMove(evenIfInUse))
        {
            return move;
        }

        Forget(move, to: null);
        return null;
    }

    /// <summary>It is settled where the session lives.</summary>
    /// <param name="move">Its move.</param>
    /// <param name="to">Null if it has stayed.</param>
    public void End(SessionMove move, MovedTo? to)
    {
        // First: whoever finds the gate closed finds the move too.
        if (to is not null)
        {
            held.GiveAway(move.Session, to.Epoch);
        }
        else
        {
            move.Session.EndMove();
        }

        Forget(move, to);
    }

    /// <summary>Completes once it is settled where a session lives that was on its way.</summary>
    /// <returns>Null if it has stayed, or was not on its way.</returns>
    /// <exception cref="TimeoutException">It is not settled in time.</exception>
    public Task<MovedTo?> UntilMovedAsync(SessionId session, CancellationToken cancellationToken)
        => _moves.TryGetValue(session, out var move) ? move.Result.WaitAsync(LongestWait, _time, cancellationToken) : Task.FromResult<MovedTo?>(null);

    private void Forget(SessionMove move, MovedTo? to)
    {
        _moves.TryRemove(KeyValuePair.Create(move.Session.Id, move));
        move.TryEnd(to);
    }
}
