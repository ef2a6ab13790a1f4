namespace StickySessions.Policies;

/// <summary>What a node does with the sessions that it holds once it could not renew its lease in Redis for most of the lease's length.</summary>
public enum RedisLostBehavior
{
    /// <summary>
    /// Serve on while no node that can be reached is in touch with Redis: then it is Redis that is gone. A node that is cut off from Redis and
    /// from all other nodes serves on too, while one of them may own the session.
    /// </summary>
    PreferAvailability,

    /// <summary>Answer 503 (<c>lease-expired</c>) and abort what runs, until the lease is renewed: another node may own the session.</summary>
    PreferConsistency,
}
