using System.Collections.Immutable;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Forwarding;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions;

/// <summary>
/// Finds the node that owns a session, and claims the session when its owner is gone and this node is the candidate.
/// </summary>
internal sealed class SessionRouter(
    NodeLifecycle node,
    IClusterMembership membership,
    HeldSessions held,
    IOwnershipDirectory directory,
    ClaimCoordinator claims,
    SessionVerification verification,
    LostOwners lost,
    SessionAdmission admission,
    StickyMetrics metrics)
{
    // A record may name another owner than the token did, and that one may be gone as well; more steps mean that the cluster changes
    // faster than it can be read.
    private const int MaxSteps = 4;

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
            if (IsMine(token.Owner))
            {
                var mine = await ServeMineAsync(token, policy, cancellationToken);
                if (mine.Route is { } route)
                {
                    return route;
                }

                token = mine.Token;
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
                : Rendezvous.Candidate(decision.View, token.Session, token.Owner, refused.AsSpan());
            if (candidate is null)
            {
                return SessionRoute.Nowhere(StickyReasons.NoCandidate);
            }

            if (candidate.Tag != membership.Self.Tag)
            {
                return SessionRoute.There(candidate, ForwardPurpose.Claim, token);
            }

            var claimed = await ClaimAsync(token, policy, cancellationToken);
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
        if (asked.Purpose == ForwardPurpose.Place)
        {
            return node.IsDraining || admission.RefusesNew ? SessionRoute.NewSession() : Hold(token, token.Epoch, policy, held.Asking());
        }

        Finding finding;
        if (IsMine(token.Owner))
        {
            finding = await ServeMineAsync(token, policy, cancellationToken);
        }
        else if (asked.Purpose == ForwardPurpose.Claim && policy.OnOwnerLost == OwnerLostBehavior.Reject)
        {
            // Only a node with other settings asks for that.
            return SessionRoute.Nowhere(StickyReasons.OwnerGone);
        }
        else if (asked.Purpose == ForwardPurpose.Claim && await IsGoneAsync(token.Owner, cancellationToken))
        {
            finding = await ClaimAsync(token, policy, cancellationToken);
        }
        else
        {
            finding = new Finding(null, token);
        }

        return finding.Route ?? SessionRoute.NotMine(finding.Token);
    }

    /// <summary>Once this node has left, others may claim what it held: then nothing is its own any more.</summary>
    private bool IsMine(NodeTag owner)
        => !node.HasLeft && (owner == membership.Self.Tag || membership.Self.FormerTags.Contains(owner));

    /// <summary>A token names this node: the memory decides, and if it does not know the session, the record.</summary>
    private async ValueTask<Finding> ServeMineAsync(StickyToken token, StickyPolicy policy, CancellationToken cancellationToken)
    {
        if (token.Owner != membership.Self.Tag)
        {
            // This process was expired and has joined again: others may have claimed its sessions meanwhile, so it claims them too.
            return await ClaimAsync(token, policy, cancellationToken);
        }

        return await EnterAsync(token, token.Epoch, cancellationToken) ?? await ReadAsync(token, policy, cancellationToken);
    }

    /// <returns>Null if the memory does not know the session.</returns>
    private async ValueTask<Finding?> EnterAsync(StickyToken token, uint minEpoch, CancellationToken cancellationToken)
        => held.TryEnter(token.Session, minEpoch, out var session) switch
        {
            EnterStatus.Entered => new Finding(SessionRoute.Here(session!), token),
            EnterStatus.Ended => new Finding(SessionRoute.NewSession(), token),
            EnterStatus.Unverified => await VerifyAsync(session!, token, cancellationToken),
            _ => null,
        };

    /// <summary>Redis was away, or may have lost writes: another node may own by now what this one holds.</summary>
    /// <returns>Null if the record has to be read: this node has claimed the session once more meanwhile, or it has expired.</returns>
    private async ValueTask<Finding?> VerifyAsync(HeldSession session, StickyToken token, CancellationToken cancellationToken)
    {
        RecordAnswer answer;
        try
        {
            answer = await verification.ConfirmAsync(session, cancellationToken);
        }
        catch (DirectoryUnavailableException)
        {
            // Nobody can say. The session is served on: its client would gain nothing from a refusal, unless its policy wants that.
            answer = new RecordAnswer(RecordStatus.Accepted, token.Owner, token.Epoch);
        }

        return answer.Status switch
        {
            RecordStatus.Accepted => held.TryEnterUnverified(session) ? new Finding(SessionRoute.Here(session), token) : null,
            RecordStatus.Ended => new Finding(SessionRoute.NewSession(), token),
            _ when answer.Owner != membership.Self.Tag => new Finding(null, token with { Owner = answer.Owner, Epoch = answer.Epoch }),
            _ => null,
        };
    }

    private async ValueTask<Finding> ReadAsync(StickyToken token, StickyPolicy policy, CancellationToken cancellationToken)
    {
        var asked = held.Asking();
        // Else it was declared gone and has not joined again: the answer would count for a term that has not begun.
        var mayHold = membership.Lease.IsHeld;
        OwnershipRecord? found;
        try
        {
            found = await directory.ReadAsync(token.Session, cancellationToken);
        }
        catch (DirectoryUnavailableException)
        {
            // Most likely the session idled out here. Refusing its client for as long as Redis is away would help nobody.
            return new Finding(SessionRoute.NewSession(), token);
        }

        if (found is not { Ended: false } record)
        {
            return new Finding(SessionRoute.NewSession(), token);
        }

        if (record.Owner != membership.Self.Tag)
        {
            return new Finding(null, token with { Owner = record.Owner, Epoch = record.Epoch });
        }

        var route = mayHold
            ? Hold(token, new SessionClaim(record.Epoch, record.Nonce), policy, asked)
            : SessionRoute.Nowhere(StickyReasons.LeaseExpired);
        return new Finding(route, token);
    }

    private async ValueTask<Finding> ClaimAsync(StickyToken token, StickyPolicy policy, CancellationToken cancellationToken)
    {
        // Already claimed by an earlier request with this old token: its owner here is of a later epoch.
        if (held.Find(token.Session) is { } session && !held.IsOfEarlierTerm(session)
            && session.Epoch > token.Epoch && await EnterAsync(token, token.Epoch + 1, cancellationToken) is { } entered)
        {
            return entered;
        }

        // A node past its deadline claims nothing, and what it claimed before it was declared gone does not count after it came back.
        var asked = held.Asking();
        if (!membership.Lease.IsHeld)
        {
            return new Finding(SessionRoute.Nowhere(StickyReasons.LeaseExpired), token);
        }

        ClaimResult result;
        try
        {
            result = await claims.ClaimAsync(token.Session, token.Owner, token.Epoch, membership.Self.Tag, cancellationToken);
        }
        catch (DirectoryUnavailableException)
        {
            return new Finding(SessionRoute.Nowhere(StickyReasons.DirectoryUnavailable), token);
        }

        if (result.Status == ClaimStatus.Busy)
        {
            return new Finding(SessionRoute.Nowhere(StickyReasons.ClaimsBusy), token);
        }

        metrics.Claimed(result.Status == ClaimStatus.Owned);
        switch (result.Status)
        {
            case ClaimStatus.Owned:
                return new Finding(Hold(token, new SessionClaim(result.Epoch, result.Nonce), policy, asked, claimed: true), token);
            case ClaimStatus.Ended:
                ForgetOlderThan(result.Epoch, token.Session);
                return new Finding(SessionRoute.NewSession(), token);
            default:
                ForgetOlderThan(result.Epoch, token.Session);
                return new Finding(null, token with { Owner = result.Owner, Epoch = result.Epoch });
        }
    }

    private SessionRoute? TryEnter(in StickyToken token, uint minEpoch) => held.TryEnter(token.Session, minEpoch, out var session) switch
    {
        EnterStatus.Entered => SessionRoute.Here(session!),
        EnterStatus.Ended => SessionRoute.NewSession(),
        _ => null,
    };

    private SessionRoute Hold(in StickyToken token, SessionClaim claim, StickyPolicy policy, in AskedIn asked, bool claimed = false)
        => held.Adopt(token.Session, claim, token.Created, policy, asked, out var session) == EnterStatus.Entered
            ? SessionRoute.Here(session!, claimed)
            : SessionRoute.NewSession();

    /// <summary>Not a copy that is newer than what was learnt: this node may have claimed the session again meanwhile.</summary>
    private void ForgetOlderThan(uint epoch, SessionId session)
    {
        if (held.Find(session) is { } lost && lost.Epoch < epoch)
        {
            held.Drop(lost);
        }
    }

    /// <summary>The ingress node says that an owner is gone; this node may not have heard of it yet.</summary>
    private async ValueTask<bool> IsGoneAsync(NodeTag owner, CancellationToken cancellationToken)
        => (await membership.ViewThatKnowsAsync(owner, cancellationToken)).IsGone(owner)
            || (await membership.RefreshAsync(cancellationToken)).IsGone(owner);

    /// <summary>A decision, or, without one, who owns the session according to the record.</summary>
    private readonly record struct Finding(SessionRoute? Route, StickyToken Token);
}
