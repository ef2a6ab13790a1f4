namespace StickySessions.Policies;

/// <summary>What happens to a session whose owner is gone.</summary>
public enum OwnerLostBehavior
{
    /// <summary>Another node claims the session with the next request for it.</summary>
    Reassign,

    /// <summary>
    /// No other process ever serves the session: its requests are answered 503 (<c>owner-gone</c>) until it would have idled out, then a
    /// new session begins. Only the owner's own process, if it was cut off and comes back, may go on with it.
    /// </summary>
    Reject,

    /// <summary>
    /// Requests wait for up to <see cref="StickyPolicyOptions.OwnerLostWait"/> for the owner's process, or one that was started under its
    /// name, and are served there if it comes; then as <see cref="Reassign"/>.
    /// </summary>
    WaitThenReassign,
}
