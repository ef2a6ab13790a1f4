using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.State;
using StickySessions.Tokens;

namespace StickySessions;

/// <summary>How a request enters a session that is this node's own: from memory, by its record, or once this node has claimed it.</summary>
internal sealed class OwnSessions(
    NodeStage node,
    IClusterMembership membership,
    HeldSessions held,
    SessionMoves moves,
    IOwnershipDirectory directory,
    ClaimCoordinator claims,
    SessionVerification verification,
    StickyMetrics metrics,
    SessionStates? states = null)
{
    /// <summary>Once this node has left, others may claim what it held: then nothing is its own any more.</summary>
    public bool IsMine(NodeTag owner)
        => !node.HasLeft && (owner == membership.Self.Tag || membership.Self.FormerTags.Contains(owner));

    /// <summary>To be taken before anything is asked about a session that this node may come to hold.</summary>
    public AskedIn Asking() => held.Asking();

    /// <summary>Whether this node holds a session as its own, whoever a token names.</summary>
    public bool Holds(SessionId session) => held.Find(session) is { } found && !held.IsOfEarlierTerm(found);

    /// <summary>Enters a session whose token says nothing of its owner, if this node holds it.</summary>
    public async ValueTask<SessionRoute?> EnterIfHeldAsync(StickyToken token, StickyPolicy policy, CancellationToken cancellationToken)
        => await EnterAsync(token, minEpoch: 0, policy, cancellationToken) is { } found ? found.Route : null;

    /// <summary>Holds a session that nobody is in yet.</summary>
    /// <param name="token">Its token.</param>
    /// <param name="policy">Its policy.</param>
    /// <param name="record">What the record says, if it names this node.</param>
    public void HoldIdle(in StickyToken token, StickyPolicy policy, OwnershipRecord? record = null)
        => held.HoldIdle(
            token.Session,
            record is { } own ? new SessionClaim(own.Epoch, own.Nonce) : token.Epoch,
            token.Created,
            policy,
            held.Asking(),
            record?.State ?? default);

    /// <summary>A token names this node: the memory decides, and if it does not know the session, the record.</summary>
    public async ValueTask<Finding> ServeAsync(StickyToken token, StickyPolicy policy, CancellationToken cancellationToken)
    {
        if (token.Owner != membership.Self.Tag)
        {
            // This process was expired and has joined again: others may have claimed its sessions meanwhile, so it claims them too.
            return await ClaimAsync(token, policy, cancellationToken);
        }

        return await EnterAsync(token, token.Epoch, policy, cancellationToken) ?? await ReadAsync(token, policy, cancellationToken);
    }

    /// <summary>
    /// Whoever the token names: this node may have claimed the session since. Redis may have lost the record that says so, and then the token's
    /// owner, or the candidate, may serve what it remembers from before. And what this node itself remembers from before the token is dropped.
    /// </summary>
    /// <returns>Null if the memory knows nothing newer than the token.</returns>
    public ValueTask<Finding?> EnterIfClaimedSinceAsync(StickyToken token, StickyPolicy policy, CancellationToken cancellationToken)
    {
        held.DropBelow(token.Session, token.Epoch);
        return !node.HasLeft && held.Find(token.Session) is { } session && session.Epoch > token.Epoch
            ? EnterAsync(token, token.Epoch + 1, policy, cancellationToken)
            : default;
    }

    /// <returns>Null if the memory does not know the session.</returns>
    private async ValueTask<Finding?> EnterAsync(StickyToken token, uint minEpoch, StickyPolicy policy, CancellationToken cancellationToken)
        => held.TryEnter(token.Session, minEpoch, out var session) switch
        {
            EnterStatus.Entered => new Finding(SessionRoute.Here(session!), token),
            EnterStatus.Ended => await FollowEndAsync(token, policy),
            EnterStatus.Unverified => await VerifyAsync(session!, token, minEpoch, policy, cancellationToken),
            EnterStatus.Moving => await FollowAsync(token, minEpoch, policy, cancellationToken),
            _ => null,
        };

    /// <summary>The session is on its way to another node, and the request waits for what becomes of it.</summary>
    private async ValueTask<Finding?> FollowAsync(StickyToken token, uint minEpoch, StickyPolicy policy, CancellationToken cancellationToken)
    {
        try
        {
            return await moves.UntilMovedAsync(token.Session, cancellationToken) is { } moved
                ? new Finding(null, token with { Owner = moved.Owner, Epoch = moved.Epoch })
                : await EnterAsync(token, minEpoch, policy, cancellationToken);
        }
        catch (TimeoutException)
        {
            return new Finding(SessionRoute.Nowhere(StickyReasons.OwnerUnknown), token);
        }
    }

    /// <summary>
    /// The session has ended here. Whoever gets another one in its place was told so, and no other node may bring it back then: first there is a tombstone.
    /// </summary>
    private async ValueTask<Finding> FollowEndAsync(StickyToken token, StickyPolicy policy)
    {
        if (held.Find(token.Session) is { IsEnded: true, IsEndRecorded: false, PrefersConsistency: true, IsHashed: false } ended)
        {
            try
            {
                await directory.EndAsync(ended.Id, ended.Epoch, policy.AbsoluteTimeout, CancellationToken.None);
                ended.EndIsRecorded();
            }
            catch (DirectoryUnavailableException)
            {
                return new Finding(SessionRoute.Nowhere(StickyReasons.DirectoryUnavailable), token);
            }
        }

        return new Finding(SessionRoute.NewSession(), token);
    }

    private ValueTask<Finding> FollowIfEndedAsync(SessionRoute held, StickyToken token, StickyPolicy policy)
        => held.Kind == RouteKind.NewSession ? FollowEndAsync(token, policy) : new ValueTask<Finding>(new Finding(held, token));

    /// <summary>Redis was away, or may have lost writes: another node may own by now what this one holds.</summary>
    /// <returns>Null if the record has to be read: this node has claimed the session once more meanwhile, or it has expired.</returns>
    private async ValueTask<Finding?> VerifyAsync(
        HeldSession session, StickyToken token, uint minEpoch, StickyPolicy policy, CancellationToken cancellationToken)
    {
        RecordAnswer answer;
        try
        {
            answer = await verification.ConfirmAsync(session, cancellationToken);
        }
        catch (DirectoryUnavailableException) when (session.PrefersConsistency)
        {
            return new Finding(SessionRoute.Nowhere(StickyReasons.DirectoryUnavailable), token);
        }
        catch (DirectoryUnavailableException)
        {
            // Nobody can say. The session is served on: its client would gain nothing from a refusal.
            answer = new RecordAnswer(RecordStatus.Accepted, token.Owner, token.Epoch);
        }

        return answer.Status switch
        {
            RecordStatus.Accepted when held.TryEnterUnverified(session) => new Finding(SessionRoute.Here(session), token),
            RecordStatus.Accepted when session.IsEnded => await FollowEndAsync(token, policy),
            RecordStatus.Accepted => session.IsClosed ? null : await FollowAsync(token, minEpoch, policy, cancellationToken),
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
        catch (DirectoryUnavailableException) when (MayBeStored(token, policy))
        {
            // Another node may have handed it to this one, state and all, and this is the first that it hears of it.
            return new Finding(SessionRoute.Nowhere(StickyReasons.DirectoryUnavailable), token);
        }
        catch (DirectoryUnavailableException) when (policy.Method != StickyMethod.Learn)
        {
            // Most likely the session idled out here. Refusing its client for as long as Redis is away would help nobody.
            return new Finding(SessionRoute.NewSession(), token);
        }
        catch (DirectoryUnavailableException)
        {
            found = null;
        }

        if (found is null && policy.Method == StickyMethod.Learn)
        {
            // Only somebody's memory said that it lives here, and others may remember nothing: its home decides for all.
            return new Finding(null, token with { Owner = default });
        }

        if (found is not { Ended: false } record)
        {
            if (found is { } ended)
            {
                held.LearnEnded(token.Session, ended.Epoch);
            }

            // A token that the application made may outlive the memory of its session, and then the session begins again under it.
            return found is null && policy.Method != StickyMethod.Insert && mayHold && Hold(token, token.Epoch, policy, asked) is { } again
                ? new Finding(again, token)
                : new Finding(SessionRoute.NewSession(), token);
        }

        if (record.Owner != membership.Self.Tag)
        {
            return new Finding(null, token with { Owner = record.Owner, Epoch = record.Epoch });
        }

        if (!mayHold)
        {
            return new Finding(SessionRoute.Nowhere(StickyReasons.LeaseExpired), token);
        }

        return record.Epoch >= token.Epoch && Hold(token, new SessionClaim(record.Epoch, record.Nonce), policy, asked, stored: record.State) is { } route
            ? await FollowIfEndedAsync(route, token, policy)
            : await ClaimAboveAsync(record.Epoch, token, policy, cancellationToken);
    }

    /// <summary>Whether the record may have state of a session that this node does not hold.</summary>
    private bool MayBeStored(in StickyToken token, StickyPolicy policy)
        => policy.Durability != SessionDurability.None || (states is not null && token.Epoch > 1);

    /// <summary>
    /// The record names this node, but at an epoch that is below what it knows itself or what the client has seen. Who owns the session by now, if
    /// not this node, fends off the claim.
    /// </summary>
    private async ValueTask<Finding> ClaimAboveAsync(uint epoch, StickyToken token, StickyPolicy policy, CancellationToken cancellationToken)
    {
        try
        {
            if (await moves.UntilMovedAsync(token.Session, cancellationToken) is { } moved)
            {
                return new Finding(null, token with { Owner = moved.Owner, Epoch = moved.Epoch });
            }
        }
        catch (TimeoutException)
        {
            return new Finding(SessionRoute.Nowhere(StickyReasons.OwnerUnknown), token);
        }

        var above = Math.Max(Math.Max(epoch, token.Epoch), held.KnownUpTo(token.Session));
        return await ClaimAsync(token with { Owner = membership.Self.Tag, Epoch = above }, policy, cancellationToken);
    }

    public async ValueTask<Finding> ClaimAsync(StickyToken token, StickyPolicy policy, CancellationToken cancellationToken)
    {
        // Maybe by an earlier request with this same old token.
        if (await EnterIfClaimedSinceAsync(token, policy, cancellationToken) is { } since)
        {
            return since;
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
            result = await claims.ClaimAsync(token.Session, token.Owner, token.Epoch, membership.Self.Tag, asked, cancellationToken);
        }
        catch (DirectoryUnavailableException)
        {
            return new Finding(SessionRoute.Nowhere(StickyReasons.DirectoryUnavailable), token);
        }

        if (result.Status is ClaimStatus.Busy or ClaimStatus.LeaseEnded)
        {
            return new Finding(SessionRoute.Nowhere(result.Status == ClaimStatus.Busy ? StickyReasons.ClaimsBusy : StickyReasons.LeaseExpired), token);
        }

        metrics.Claimed(result.Status == ClaimStatus.Owned);
        switch (result.Status)
        {
            case ClaimStatus.Owned:
                return Hold(token, new SessionClaim(result.Epoch, result.Nonce), policy, asked, claimed: true, result.State) is { } route
                    ? await FollowIfEndedAsync(route, token, policy)
                    : await ClaimAboveAsync(result.Epoch, token, policy, cancellationToken);
            case ClaimStatus.Ended:
                held.LearnEnded(token.Session, result.Epoch);
                return new Finding(SessionRoute.NewSession(), token);
            default:
                ForgetOlderThan(result.Epoch, token.Session);
                return new Finding(null, token with { Owner = result.Owner, Epoch = result.Epoch });
        }
    }

    /// <returns>Null if this node knows a higher epoch, or has given the session away since it made the claim.</returns>
    public SessionRoute? Hold(
        in StickyToken token, SessionClaim claim, StickyPolicy policy, in AskedIn asked, bool claimed = false, StoredState stored = default)
        => held.Adopt(token.Session, claim, token.Created, policy, asked, out var session, stored) switch
        {
            EnterStatus.Entered => SessionRoute.Here(session!, claimed),
            EnterStatus.Ended => SessionRoute.NewSession(),
            _ => null,
        };

    /// <summary>Not a copy that is newer than what was learnt: this node may have claimed the session again meanwhile.</summary>
    private void ForgetOlderThan(uint epoch, SessionId session)
    {
        if (held.Find(session) is { } lost && lost.Epoch < epoch)
        {
            held.Drop(lost, epoch);
        }
    }
}

/// <summary>What was found about a session: a decision, or, without one, who owns the session according to the record.</summary>
internal readonly record struct Finding(SessionRoute? Route, StickyToken Token);
