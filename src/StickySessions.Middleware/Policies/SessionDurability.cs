namespace StickySessions.Policies;

/// <summary>What of a session's state outlives the node that owns it.</summary>
public enum SessionDurability
{
    /// <summary>Nothing: state lives in the memory of its owner. A drain hands it over; a crash loses it.</summary>
    None = 0,

    /// <summary>
    /// State is stored behind the responses, many changes with one write. A crash loses what changed within the last
    /// <c>StickySessions:State:MaxLag</c>; a drain loses nothing.
    /// </summary>
    Async = 1,

    /// <summary>
    /// A response leaves only once Redis has all the state that it could have seen: what a client was told, a crash does not lose. Costs one
    /// round trip to Redis for requests that change something, shared by those that run at the same time, and none for those that read.
    /// </summary>
    BeforeResponse = 2,
}
