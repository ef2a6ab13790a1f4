using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Ownership;
using StickySessions.Policies;

namespace StickySessions;

/// <summary>
/// Whether this node may act as the owner of a session at this moment: before a request enters it, and again before its response begins,
/// since anything may have happened while the application ran (a long pause of this process, for one).
/// </summary>
internal sealed class SessionFence(IClusterMembership membership, PeerLeases peers)
{
    private readonly NodeLease _lease = membership.Lease;

    /// <summary>The cheap look, which suffices as long as all is well. If it is false, <see cref="WhyClosedAsync(HeldSession)"/> decides.</summary>
    public bool IsOpen(HeldSession session) => (!session.IsLost && _lease.IsHeldSince(session.Term)) || NodeLease.IsFenceOff;

    /// <returns>The reason why the session may not be served here now, or null if it may.</returns>
    public async ValueTask<string?> WhyClosedAsync(HeldSession session)
    {
        if (!IsOpen(session) && await WhyLapsedAsync(session.PrefersConsistency) is { } lapsed)
        {
            return session.IsLost ? StickyReasons.OwnerLost : lapsed;
        }

        // Looked at last: it may have changed while the peers were asked.
        return (session.IsLost, session.Term == _lease.Term) switch
        {
            _ when NodeLease.IsFenceOff => null,
            (true, _) => StickyReasons.OwnerLost,
            (_, false) => StickyReasons.LeaseExpired,
            _ => null,
        };
    }

    /// <returns>The reason why no new session may begin here now, or null if one may.</returns>
    public ValueTask<string?> WhyClosedAsync(StickyPolicy policy) => _lease.IsHeld ? default : WhyLapsedAsync(policy.PrefersConsistency);

    private async ValueTask<string?> WhyLapsedAsync(bool prefersConsistency)
    {
        if (_lease.IsHeld)
        {
            return null;
        }

        if (prefersConsistency)
        {
            return StickyReasons.LeaseExpired;
        }

        // What has begun at a node that leaves may end in peace; nothing else enters there.
        return !_lease.HasEnded && await peers.MayAnyClaimAsync() ? StickyReasons.LeaseExpired : null;
    }
}
