namespace StickySessions.Ownership;

internal enum EnterStatus
{
    /// <summary>The request is in the session; <see cref="HeldSessions.Exit"/> must follow.</summary>
    Entered,

    /// <summary>This node does not hold the session (any more).</summary>
    NotHeld,

    /// <summary>The session was ended here.</summary>
    Ended,

    /// <summary>The session is on its way to another node: see <see cref="SessionMoves.UntilMovedAsync"/>.</summary>
    Moving,

    /// <summary>This node holds the session, but another one may own it by now: the record must be asked first.</summary>
    Unverified,
}
