using StickySessions.Cluster;
using StickySessions.Ownership;

namespace StickySessions.State;

/// <summary>A way on which a session gets to its next owner. What is sent again for the same claim is the same hand-off.</summary>
internal interface ISessionCarrier
{
    /// <param name="session">The session, in which nothing runs.</param>
    /// <param name="state">All of its state.</param>
    /// <param name="next">Who is to own it.</param>
    /// <param name="claim">As which it owns the session from then on.</param>
    Task<CarryAnswer> CarryAsync(HeldSession session, StoredState state, Node next, SessionClaim claim);
}

internal enum CarryStatus
{
    /// <summary>The other node owns it.</summary>
    Carried,

    /// <summary>Another node owned it already, at a higher epoch.</summary>
    Fenced,

    /// <summary>It has ended.</summary>
    Ended,

    /// <summary>It stays: the other node did not take it, or this one may not give it now.</summary>
    Refused,

    /// <summary>No answer: the other node may own it.</summary>
    Unknown,

    /// <summary>No answer, and the other node is gone: nobody has heard that it was to own the session.</summary>
    NextIsGone,
}

/// <param name="Status">What became of the hand-off.</param>
/// <param name="Epoch">If it was fenced or the session has ended: at which epoch.</param>
internal readonly record struct CarryAnswer(CarryStatus Status, uint Epoch = 0);
