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

        return held.Find(session) is { } found
            ? new HoldsAnswer(found.IsEnded ? HoldsStatus.Ended : HoldsStatus.Held, found.Epoch)
            : default;
    }
}
