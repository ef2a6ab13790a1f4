using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.State;

namespace StickySessions;

/// <summary>Has a request wait for its turn in a session that it has entered.</summary>
internal sealed class OneAtATime(SessionTurns turns)
{
    /// <summary>
    /// Waits for the turn, which ends by itself when the request is over, or when a response begins that lasts as long as its client is there.
    /// </summary>
    public async Task<RequestTurn> WaitAsync(HttpContext context, StickyPolicy policy, HeldSession session)
    {
        var callers = TurnTrail.Read(context.Request.Headers);
        var turn = turns.Join(session, policy.MaxQueued, callers);
        var status = turn.IsAnswered ? await turn.Answer : await WaitAsync(context, policy, turn);
        if (status == TurnStatus.Taken)
        {
            // Registered before all else that looks at the end of the request, and at the beginning of its response: so they run last, after the
            // state is stored.
            context.Response.OnCompleted(
                static turn =>
                {
                    ((SessionTurn)turn).Dispose();
                    return Task.CompletedTask;
                },
                turn);
            if (!context.Response.HasStarted)
            {
                context.Response.OnStarting(() => ReturnIfLongLived(context, turn));
            }
        }
        else
        {
            turn.Dispose();
        }

        return new RequestTurn(context, status, turn, callers);
    }

    private static async Task<TurnStatus> WaitAsync(HttpContext context, StickyPolicy policy, SessionTurn turn)
    {
        var session = turn.Session;
        TurnStatus status;

        // What ends the requests that run in the session ends the waiting too, but not the client's connection.
        session.Requests.Add(context, new Lifetime(turn));
        try
        {
            // It may have been lost before.
            status = session.IsClosed ? TurnStatus.SessionLost : await turn.WaitAsync(policy.QueueTimeout, context.RequestAborted);
        }
        finally
        {
            session.Requests.Remove(context);
        }

        return status == TurnStatus.ClientGone ? status
            : session.IsEnded ? TurnStatus.SessionEnded
            : session.IsClosed ? TurnStatus.SessionLost
            : status;
    }

    private static Task ReturnIfLongLived(HttpContext context, SessionTurn turn)
    {
        if (LongLivedResponse.Begins(context))
        {
            turn.Dispose();
        }

        return Task.CompletedTask;
    }

    /// <summary>Of a request that waits: it can be told that its session, or this node's lease, is lost.</summary>
    private sealed class Lifetime(SessionTurn turn) : IHttpRequestLifetimeFeature
    {
        public CancellationToken RequestAborted { get; set; }

        public void Abort() => turn.GiveUp(TurnStatus.LeaseExpired);
    }
}

/// <summary>What has become of a request that wanted its turn.</summary>
internal readonly struct RequestTurn(HttpContext context, TurnStatus status, SessionTurn turn, string? callers)
{
    public TurnStatus Status => status;

    /// <summary>Runs the request in its turn. What the application asks of its own cluster meanwhile tells of the turn.</summary>
    public async Task RunAsync(Func<Task> runAsync)
    {
        using var activity = TurnTrail.Begin(context.Request.Headers, callers, turn.Id);
        try
        {
            await runAsync();
        }
        finally
        {
            if (OwnedSessionFeature.Of(context) is null)
            {
                // It did not get to the application, and its pipeline may run again, for an error page: it must not wait for itself.
                turn.Dispose();
            }
        }
    }
}
