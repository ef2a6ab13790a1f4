using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Ownership;

namespace StickySessions.State;

/// <summary>
/// Moves a live session, state included, to another node. Its gate is closed meanwhile: who comes waits for a moment, and goes on where the session lives
/// then. Safe for concurrent use.
/// </summary>
internal sealed partial class SessionHandOff(
    SessionMoves moves,
    HeldSessions held,
    SessionStates states,
    ApplicationMemories memories,
    RecordCarrier records,
    PeerCarrier peers,
    LongLivedRequests longLived,
    TimeProvider time,
    ILogger<SessionHandOff> logger)
{
    private static readonly TimeSpan PauseBetweenLooks = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan PauseBeforeRepeating = TimeSpan.FromMilliseconds(100);

    /// <summary>Whether a session has anything that its next owner must get. Others are claimed when somebody asks for them.</summary>
    public bool IsWorthMoving(HeldSession session)
        => !session.IsClosed && !session.IsEnded && (memories.Any || session.Memory is StoredMemory or LiveState { Version: > 0 });

    /// <param name="session">The session.</param>
    /// <param name="next">Who is to own it.</param>
    /// <param name="patience">How long requests that run in it may take, with its gate closed. Zero: only if none does.</param>
    /// <param name="cut">There is no more time: what is not settled by then stays.</param>
    /// <param name="warm">Whether the next owner holds the session in its memory at once, and not only when somebody asks for it.</param>
    /// <returns>Whether this node has nothing to do with the session any more.</returns>
    public async Task<bool> MoveAsync(HeldSession session, Node next, TimeSpan patience, CancellationToken cut, bool warm = false)
    {
        if (held.IsOfEarlierTerm(session) || moves.TryBegin(session, evenIfInUse: patience > TimeSpan.Zero) is not { } move)
        {
            return false;
        }

        MovedTo? to = null;
        try
        {
            if (await UntilQuietAsync(session, patience, cut))
            {
                to = await CarryAsync(session, next, warm, cut);
            }
        }
        finally
        {
            moves.End(move, to);
        }

        return to is not null || session.IsClosed;
    }

    private async Task<bool> UntilQuietAsync(HeldSession session, TimeSpan patience, CancellationToken cut)
    {
        var since = time.GetTimestamp();
        await longLived.EndAsync(session, LongLivedRequests.Patience);
        while (session.Running > 0)
        {
            if (time.GetElapsedTime(since) >= patience || cut.IsCancellationRequested)
            {
                return false;
            }

            await Task.Delay(PauseBetweenLooks, time, CancellationToken.None);
        }

        return true;
    }

    /// <summary>Nobody is in the session. What is sent may be repeated, so it is until the outcome is known.</summary>
    private async Task<MovedTo?> CarryAsync(HeldSession session, Node next, bool warm, CancellationToken cut)
    {
        ISessionCarrier carrier = records.Carries(session) ? records : peers;
        var claim = records.Carries(session) ? new SessionClaim(session.Epoch + 1, RedisRecord.NewNonce())
            : session.IsHashed ? session.Claim // nobody's token says an epoch
            : session.Epoch + 1;
        var isInDoubt = false;
        if (session.Memory is not StoredMemory)
        {
            await memories.ExportAsync(session, cut);
        }

        while (true)
        {
            if (session.IsEnded || session.IsClosed)
            {
                // By the last request that ran in it, or another node owns it: there is nothing to hand over.
                return null;
            }

            var state = states.StoredOf(session);
            var answer = await carrier.CarryAsync(session, state, next, claim);
            switch (answer.Status)
            {
                case CarryStatus.Carried:
                    if (warm && carrier == records)
                    {
                        // Whatever becomes of it: the record is the truth.
                        await peers.CarryAsync(session, state, next, claim);
                    }

                    return new MovedTo(next.Tag, claim.Epoch);

                case CarryStatus.Fenced:
                    held.Drop(session, answer.Epoch);
                    return null;

                case CarryStatus.Ended:
                    held.LearnEnded(session.Id, answer.Epoch);
                    return null;

                case CarryStatus.Refused when !isInDoubt:
                    return null;

                case CarryStatus.NextIsGone:
                    // Should it come back, with what it may have taken, this node's own is the newer one.
                    session.TryRaiseEpoch(session.Epoch + 1);
                    session.TryRaiseEpoch(session.Epoch + 1);
                    return null;

                case CarryStatus.Unknown or CarryStatus.Refused when cut.IsCancellationRequested:
                    // It may be the other node's by now, so it is not this one's.
                    OutcomeUnknown(logger, session.Id.ToString(), next.Name);
                    if (session.IsHashed)
                    {
                        held.Yield(session);
                    }
                    else
                    {
                        held.Drop(session, claim.Epoch);
                    }

                    return null;

                default:
                    isInDoubt = true;
                    await Task.Delay(PauseBeforeRepeating, time, CancellationToken.None);
                    break;
            }
        }
    }

    [LoggerMessage(StickyEventIds.State + 30, LogLevel.Warning,
        "Whether session {Session} was handed over to {Node} is unknown, and there is no more time to find out. It is not served here any more.")]
    private static partial void OutcomeUnknown(ILogger logger, string session, string node);
}
