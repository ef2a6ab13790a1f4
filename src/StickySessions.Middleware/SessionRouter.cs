using System.Collections.Immutable;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Forwarding;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions;

/// <summary>
/// Finds the node that owns a session, and has this node claim the session when its owner is gone and this node is the candidate.
/// </summary>
internal sealed class SessionRouter(
    NodeStage node,
    IClusterMembership membership,
    HeldSessions held,
    OwnSessions own,
    LostOwners lost,
    SessionAdmission admission,
    HomeRouter homes,
    StickyMetrics metrics)
{
    // A record may name another owner than the token did, and that one may be gone as well; more steps mean that the cluster changes
    // faster than it can be read.
    private const int MaxSteps = 4;

    /// <summary>The way of a request that entered at this node and whose token says nothing of the session's owner.</summary>
    /// <inheritdoc cref="HomeRouter.FindAsync"/>
    public ValueTask<SessionRoute> FindUnboundAsync(
        StickyToken token, StickyPolicy policy, ImmutableArray<NodeTag> refused, CancellationToken cancellationToken)
        => homes.FindAsync(token, policy, refused, cancellationToken);

    /// <summary>The way of a request that entered at this node.</summary>
    /// <param name="token">The client's token, verified, or what another node said it should be.</param>
    /// <param name="policy">The policy that the request falls under.</param>
    /// <param name="refused">Nodes that already said that they do not own the session.</param>
    /// <param name="cancellationToken">The client has gone.</param>
    public async ValueTask<SessionRoute> FindAsync(
        StickyToken token, StickyPolicy policy, ImmutableArray<NodeTag> refused, CancellationToken cancellationToken)
    {
        for (var step = 0; step < MaxSteps; step++)
        {
            if (own.IsMine(token.Owner))
            {
                var mine = await own.ServeAsync(token, policy, cancellationToken);
                if (mine.Route is { } route)
                {
                    return route;
                }

                token = mine.Token;
                if (token.Owner == default)
                {
                    return await homes.FindAsync(token with { Epoch = 1 }, policy, refused, cancellationToken);
                }

                continue;
            }

            if (await own.EnterIfClaimedSinceAsync(token, policy, cancellationToken) is { } since)
            {
                if (since.Route is { } route)
                {
                    return route;
                }

                token = since.Token;
                continue;
            }

            if (node.HasLeft && token.Owner == membership.Self.Tag)
            {
                // Its sessions can be claimed once the others know that this node has left.
                await node.Departure.WaitAsync(cancellationToken);
            }

            var view = await membership.ViewThatKnowsAsync(token.Owner, cancellationToken);
            if (view.Find(token.Owner) is { } owner)
            {
                return refused.Contains(owner.Tag) ? SessionRoute.Nowhere(StickyReasons.OwnerUnknown) : SessionRoute.There(owner, ForwardPurpose.Serve, token);
            }

            if (view.IsUnknown(token.Owner))
            {
                return SessionRoute.Nowhere(StickyReasons.OwnerUnknown);
            }

            // The owner is gone, and the policy says what that means.
            var decision = await lost.DecideAsync(token, policy, cancellationToken);
            if (decision.Kind != OwnerLossKind.Reassign)
            {
                metrics.OwnerLost(decision.Kind == OwnerLossKind.Reject ? "rejected" : "session-over");
                return decision.Kind == OwnerLossKind.Reject ? SessionRoute.Nowhere(StickyReasons.OwnerGone) : SessionRoute.NewSession();
            }

            // All nodes with this view compute the same candidate.
            var candidate = decision.Returned is { } returned && !refused.Contains(returned.Tag) ? returned
                : policy.OnOwnerLost == OwnerLostBehavior.Reject ? null
                : policy.SignsTokens ? Rendezvous.Candidate(decision.View, token.Session, token.Owner, refused.AsSpan())
                : homes.HeirOf(token.Session, refused);
            if (candidate is null)
            {
                return SessionRoute.Nowhere(StickyReasons.NoCandidate);
            }

            if (candidate.Tag != membership.Self.Tag)
            {
                return SessionRoute.There(candidate, ForwardPurpose.Claim, token);
            }

            var claimed = await own.ClaimAsync(token, policy, cancellationToken);
            if (claimed.Route is { } claimedRoute)
            {
                return claimedRoute;
            }

            token = claimed.Token;
        }

        return SessionRoute.Nowhere(StickyReasons.OwnerUnknown);
    }

    /// <summary>
    /// What this node does with a request that another node forwarded here. Never <see cref="RouteKind.There"/>: a forwarded request
    /// is not forwarded again.
    /// </summary>
    public ValueTask<SessionRoute> ReceiveAsync(in ForwardedSession asked, StickyPolicy policy, CancellationToken cancellationToken)
        => asked.Purpose == ForwardPurpose.Serve
            && !node.HasLeft
            && asked.Token.Owner == membership.Self.Tag
            && TryEnter(asked.Token, asked.Token.Epoch) is { } entered
                // The common case, without a state machine.
                ? new ValueTask<SessionRoute>(entered)
                : DecideAsync(asked, policy, cancellationToken);

    private async ValueTask<SessionRoute> DecideAsync(ForwardedSession asked, StickyPolicy policy, CancellationToken cancellationToken)
    {
        var token = asked.Token;
        if (asked.Purpose is ForwardPurpose.Home or ForwardPurpose.Guest or ForwardPurpose.Settle)
        {
            return await homes.ReceiveAsync(asked, policy, cancellationToken);
        }

        if (asked.Purpose == ForwardPurpose.Place)
        {
            // A new session and none that has been here before: else an envelope that somebody kept could bring it back.
            var isNew = token.Owner == membership.Self.Tag && held.Find(token.Session) is null;
            return (!isNew || node.IsDraining || admission.RefusesNew ? null : own.Hold(token, token.Epoch, policy, held.Asking())) ?? SessionRoute.NewSession();
        }

        Finding finding;
        if (own.IsMine(token.Owner))
        {
            finding = await own.ServeAsync(token, policy, cancellationToken);
        }
        else if (asked.Purpose == ForwardPurpose.Claim && policy.OnOwnerLost == OwnerLostBehavior.Reject)
        {
            // Only a node with other settings asks for that.
            return SessionRoute.Nowhere(StickyReasons.OwnerGone);
        }
        else if (asked.Purpose == ForwardPurpose.Claim && await IsGoneAsync(token.Owner, cancellationToken))
        {
            finding = await own.ClaimAsync(token, policy, cancellationToken);
        }
        else
        {
            finding = new Finding(null, token);
        }

        return finding.Route ?? SessionRoute.NotMine(finding.Token.Owner == default ? token with { Epoch = 0 } : finding.Token);
    }

    private SessionRoute? TryEnter(in StickyToken token, uint minEpoch) => held.TryEnter(token.Session, minEpoch, out var session) == EnterStatus.Entered ? SessionRoute.Here(session!) : null;

    /// <summary>The ingress node says that an owner is gone; this node may not have heard of it yet.</summary>
    private async ValueTask<bool> IsGoneAsync(NodeTag owner, CancellationToken cancellationToken)
        => (await membership.ViewThatKnowsAsync(owner, cancellationToken)).IsGone(owner)
            || (await membership.RefreshAsync(cancellationToken)).IsGone(owner);
}
