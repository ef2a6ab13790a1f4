using System.Collections.Immutable;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Forwarding;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions;

/// <summary>
/// Finds the node of a session whose token says nothing of its owner: its home, by hash. All nodes with the same view find the same home, and the home alone
/// decides where the session lives: with itself, or where it lived when another node was its home (nodes that join move no session that is in use), or, if
/// it has more than its share, with the next by hash that has not.
/// </summary>
internal sealed class HomeRouter(
    NodeStage node,
    IClusterMembership membership,
    OwnSessions own,
    HashHomes homes,
    KnownOwners known,
    HolderSearch search,
    IOwnershipDirectory directory,
    SessionDoubles doubles,
    SessionPlacement placement)
{
    /// <summary>What this node as a home decides now, so that of concurrent first requests all go to one node.</summary>
    private readonly SharedLookups<HomeDecision> _decisions = new();

    /// <summary>The way of a request that entered at this node.</summary>
    /// <param name="token">Names the session; its owner is nobody, or whoever the session's home has just named.</param>
    /// <param name="policy">The policy that the request falls under.</param>
    /// <param name="refused">Nodes that have refused the request.</param>
    /// <param name="cancellationToken">The client has gone.</param>
    public async ValueTask<SessionRoute> FindAsync(
        StickyToken token, StickyPolicy policy, ImmutableArray<NodeTag> refused, CancellationToken cancellationToken)
    {
        // 1. Here, whichever node is its home.
        if (!node.HasLeft && await own.EnterIfHeldAsync(token, policy, cancellationToken) is { } here)
        {
            return here;
        }

        // 2. Where its home has just said, or said some time ago.
        var view = homes.Slots.View;
        if (token.Owner != default && token.Owner == membership.Self.Tag && !node.HasLeft)
        {
            return await SettleAsync(token, policy, cancellationToken);
        }

        if (view.Find(token.Owner) is { } named && named.Tag != membership.Self.Tag)
        {
            return refused.Contains(named.Tag)
                ? SessionRoute.Nowhere(StickyReasons.OwnerUnknown)
                : SessionRoute.There(named, ForwardPurpose.Settle, token);
        }

        var home = node.HasLeft
            ? homes.Slots.Ranked(token.Session).FirstOrDefault(other => other.Tag != membership.Self.Tag)
            : homes.Slots.HomeOf(token.Session);
        if (known.TryGet(token.Session, out var remembered)
            && remembered.Owner != membership.Self.Tag
            && !refused.Contains(remembered.Owner)
            && view.Find(remembered.Owner) is { } holder)
        {
            // What a home remembers is what it has told others: it stands, even if the session has idled out there.
            var purpose = home?.Tag == membership.Self.Tag ? ForwardPurpose.Settle : ForwardPurpose.Guest;
            return SessionRoute.There(holder, purpose, token with { Owner = holder.Tag });
        }

        // 3. Its home.
        if (home is not null && home.Tag != membership.Self.Tag)
        {
            return refused.Contains(home.Tag)
                ? SessionRoute.Nowhere(StickyReasons.OwnerUnknown)
                : SessionRoute.There(home, ForwardPurpose.Home, token with { Owner = home.Tag });
        }

        var route = await DecideAsync(token, policy, cancellationToken);
        return route is { Kind: RouteKind.NotMine } && view.Find(route.Token.Owner) is { } other && !refused.Contains(other.Tag)
            ? SessionRoute.There(other, ForwardPurpose.Settle, route.Token)
            : route;
    }

    /// <summary>Who claims a session whose owner is gone: where those also end up who do not know that it ever had an owner.</summary>
    public Node? HeirOf(SessionId session, ImmutableArray<NodeTag> refused)
        => homes.Slots.Ranked(session).FirstOrDefault(other => other.State == NodeState.Active && !refused.Contains(other.Tag));

    /// <summary>The way of a request that another node forwarded here.</summary>
    public async ValueTask<SessionRoute> ReceiveAsync(ForwardedSession asked, StickyPolicy policy, CancellationToken cancellationToken)
    {
        var token = asked.Token;
        if (await own.EnterIfHeldAsync(token, policy, cancellationToken) is { } here)
        {
            return here;
        }

        switch (asked.Purpose)
        {
            case ForwardPurpose.Settle when doubles.YieldedTo(token.Session) is { } winner:
                // Its home found it here while two nodes held it.
                return SessionRoute.NotMine(token with { Owner = winner.Tag });

            case ForwardPurpose.Settle:
                return await SettleAsync(token, policy, cancellationToken);

            case ForwardPurpose.Guest when homes.Slots.HomeOf(token.Session)?.Tag != membership.Self.Tag:
                // It has idled out here. Its home decides anew.
                return SessionRoute.NotMine(token with { Owner = membership.Self.Tag, Epoch = 0 });

            default:
                if (homes.Slots.HomeOf(token.Session) is { } home && home.Tag != membership.Self.Tag)
                {
                    await membership.RefreshAsync(cancellationToken);
                    if (homes.Slots.HomeOf(token.Session) is { } still && still.Tag != membership.Self.Tag)
                    {
                        return SessionRoute.NotMine(token with { Owner = still.Tag, Epoch = 0 });
                    }
                }

                return await DecideAsync(token, policy, cancellationToken);
        }
    }

    /// <summary>As the home of a session that this node did not hold a moment ago. Never <see cref="RouteKind.There"/>.</summary>
    private async ValueTask<SessionRoute> DecideAsync(StickyToken token, StickyPolicy policy, CancellationToken cancellationToken)
    {
        if (homes.Slots.View.Nodes.Length < 2)
        {
            return Adopt(token, policy);
        }

        if (_decisions.TryFindAsync(token.Session, () => DecideOnceAsync(token, policy)) is not { } decision)
        {
            return SessionRoute.Nowhere(StickyReasons.LookupsBusy);
        }

        return await decision.WaitAsync(cancellationToken) switch
        {
            { IsOver: true } => SessionRoute.NewSession(),
            { IsUnknown: true } => SessionRoute.Nowhere(StickyReasons.OwnerUnknown),
            { Elsewhere: { } elsewhere } => SessionRoute.NotMine(token with { Owner = elsewhere }),
            _ => await own.EnterIfHeldAsync(token, policy, cancellationToken) ?? SessionRoute.Nowhere(StickyReasons.LeaseExpired),
        };
    }

    /// <returns>Where the session lives. If that is here, it is held before anybody can ask again.</returns>
    private async Task<HomeDecision> DecideOnceAsync(StickyToken token, StickyPolicy policy)
    {
        if (own.Holds(token.Session))
        {
            // Since this request looked.
            return default;
        }

        var decision = await FindElsewhereAsync(token, policy);
        if (decision.Elsewhere is { } owner)
        {
            known.Set(token.Session, new KnownOwner(owner, token.Epoch));
        }
        else if (decision is { IsOver: false, IsUnknown: false })
        {
            own.HoldIdle(token, policy, decision.Record);
        }

        return decision;
    }

    private async ValueTask<HomeDecision> FindElsewhereAsync(StickyToken token, StickyPolicy policy)
    {
        var slots = homes.Slots;
        if (known.TryGet(token.Session, out var settled) && settled.Owner != membership.Self.Tag && slots.View.Find(settled.Owner) is not null)
        {
            return new HomeDecision(settled.Owner);
        }

        if (policy.Method == StickyMethod.Rewrite)
        {
            // It came without what would have said so.
            try
            {
                if (await directory.ReadAsync(token.Session, CancellationToken.None) is { } record)
                {
                    return record.Ended ? new HomeDecision(IsOver: true)
                        : record.Owner == membership.Self.Tag ? new HomeDecision(Record: record)
                        : new HomeDecision(record.Owner);
                }
            }
            catch (DirectoryUnavailableException) when (policy.Durability != SessionDurability.None)
            {
                // It may have the state of a session that nobody holds.
                return new HomeDecision(IsUnknown: true);
            }
            catch (DirectoryUnavailableException)
            {
                // The others' memories may know.
            }
        }

        // With Rewrite and Learn a session begins anywhere, and its token may come without what was appended or recorded. A hashed one may have lived
        // elsewhere since another node was its home, however long ago that was: where it is used it never troubles its home.
        var others = slots.OthersThatMayHold(token.Session, membership.Self.Tag);
        var found = await search.FindAsync(token.Session, seenEpoch: 0, others, CancellationToken.None);
        return found switch
        {
            { Status: HoldsStatus.Held } => new HomeDecision(found.Owner),
            { Status: HoldsStatus.Ended } when policy.Method != StickyMethod.Hash => new HomeDecision(IsOver: true),
            { Unanswered: not null } when policy.PrefersConsistency => new HomeDecision(IsUnknown: true),
            _ => new HomeDecision(placement.AwayFromHome(token.Session, policy, node.IsDraining, slots)?.Tag),
        };
    }

    /// <summary>The session's home has said that it lives here. One that has been elsewhere before has a record, which may have its state.</summary>
    private async ValueTask<SessionRoute> SettleAsync(StickyToken token, StickyPolicy policy, CancellationToken cancellationToken)
        => policy.Method == StickyMethod.Rewrite
            ? (await own.ServeAsync(token with { Owner = membership.Self.Tag }, policy, cancellationToken)).Route ?? SessionRoute.Nowhere(StickyReasons.OwnerUnknown)
            : Adopt(token, policy);

    private SessionRoute Adopt(in StickyToken token, StickyPolicy policy)
        => own.Hold(token, token.Epoch, policy, own.Asking()) ?? SessionRoute.Nowhere(StickyReasons.LeaseExpired);
}

/// <param name="Elsewhere">Where the session lives, or null for the home itself.</param>
/// <param name="IsOver">It has ended.</param>
/// <param name="Record">The record, if it says that the session lives with the home.</param>
/// <param name="IsUnknown">A node that may hold it does not answer, and the policy rather waits than have two.</param>
internal readonly record struct HomeDecision(NodeTag? Elsewhere = null, bool IsOver = false, bool IsUnknown = false, OwnershipRecord? Record = null);
