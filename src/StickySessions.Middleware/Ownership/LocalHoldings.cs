using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>What this node knows of a session by itself.</summary>
internal sealed class LocalHoldings(HeldSessions held, EndedSessions ended)
{
    public HoldsAnswer Find(SessionId session)
    {
        if (ended.TryGet(session, out var epoch))
        {
            return new HoldsAnswer(HoldsStatus.Ended, epoch);
        }

        // What was this node's own before it was declared gone is not, until it has claimed it again.
        return held.Find(session) is { } found && (found.IsEnded || !held.IsOfEarlierTerm(found))
            ? new HoldsAnswer(found.IsEnded ? HoldsStatus.Ended : HoldsStatus.Held, found.Epoch)
            : default;
    }
}
