using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Forwarding;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions;

/// <summary>What this node does with a request that it received from a client and that does not run here without further ado.</summary>
internal sealed class IngressNode(
    SessionRouter router,
    SessionPlacement placement,
    SessionEntry entry,
    NodeStage node,
    IClusterMembership membership,
    HeldSessions held,
    KnownOwners known,
    ForwardedRequests forwarder,
    RequestJourneys journeys,
    StickyMetrics metrics,
    FailoverTime failover,
    TimeProvider time)
{
    /// <summary>Only the ingress node tries again, at most twice, and never at a node that has refused.</summary>
    private const int MaxRefusals = 2;

    public async Task RouteAsync(HttpContext context, StickyPolicy policy, TokenFinding found, RequestDelegate next)
    {
        var journey = journeys.Of(context, policy);
        try
        {
            if (found.IsValid
                && membership.View.Find(found.Token.Owner) is { } owner
                && owner.Tag != membership.Self.Tag
                && !held.MayKnow(found.Token.Session))
            {
                // The common case, and the cheap one: the token names a node that this node sees, and it answers.
                var asked = new ForwardedSession(ForwardPurpose.Serve, found.Token, policy.Name);
                var result = await ForwardAsync(context, journey, RequestOutcome.Forwarded, owner, asked);
                if (result.Status != ForwardStatus.Completed)
                {
                    await FindOwnerAsync(context, journey, policy, found, next, owner, result);
                }
            }
            else if (found.IsValid || found.IsUnbound)
            {
                await FindOwnerAsync(context, journey, policy, found, next);
            }
            else
            {
                if (found.IsRejected)
                {
                    metrics.TokenRejected(found.Status.ToTag());
                }

                await PlaceAsync(context, journey, policy, OutcomeOf(found), next);
            }
        }
        catch (OperationCanceledException)
            when (context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted && OwnedSessionFeature.Of(context) is null)
        {
            // The client went while its owner was looked for, and nobody is left to be answered. What the application throws is its own.
            journey.EndsByClient();
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
        catch (Exception failure) when (FencedBody.Explains(failure, context))
        {
            // It ran here, and the client has its answer.
        }
    }

    /// <param name="context">The request.</param>
    /// <param name="journey">What is said of it.</param>
    /// <param name="policy">The policy that it falls under.</param>
    /// <param name="found">The client's token.</param>
    /// <param name="next">The application.</param>
    /// <param name="target">A node that it was forwarded to already, if any, with this <paramref name="result"/>.</param>
    /// <param name="result">What became of it there.</param>
    private async Task FindOwnerAsync(
        HttpContext context, RequestJourney journey, StickyPolicy policy, TokenFinding found, RequestDelegate next, Node? target = null,
        ForwardResult result = default)
    {
        var issued = found.Token;
        var token = issued;
        var asked = issued;
        var refused = ImmutableArray<NodeTag>.Empty;
        var isUnbound = found.IsUnbound;
        var isRepaired = false;
        var refusals = 0;
        var purpose = ForwardPurpose.Serve;
        long? unreachableSince = null;
        while (true)
        {
            if (target is null)
            {
                var route = isUnbound
                    ? await router.FindUnboundAsync(token, policy, refused, context.RequestAborted)
                    : await router.FindAsync(token, policy, refused, context.RequestAborted);
                switch (route.Kind)
                {
                    case RouteKind.Here:
                        await entry.RunAsync(
                            context, policy, route.Session!, issued, route.Claimed ? RequestOutcome.Claimed : RequestOutcome.Local, next);
                        return;

                    case RouteKind.NewSession:
                        metrics.TokenOfEndedSession();
                        await PlaceAsync(context, journey, policy, RequestOutcome.SessionOver, next);
                        return;

                    case RouteKind.There:
                        break;

                    default:
                        // Another request goes by the record, which does not outlive its session by much.
                        known.Forget(token.Session);
                        await entry.FailAsync(context, policy, route.Reason!);
                        return;
                }

                (target, asked, purpose) = (route.Target!, route.Token, route.Purpose);
                var outcome = purpose == ForwardPurpose.Claim ? RequestOutcome.OwnerGone
                    : isRepaired ? RequestOutcome.NotMineRepaired
                    : RequestOutcome.Forwarded;
                result = await ForwardAsync(context, journey, outcome, target, new ForwardedSession(purpose, asked, policy.Name));
            }

            switch (result.Status)
            {
                case ForwardStatus.NotMine when result.NotMine.Ended:
                    metrics.TokenOfEndedSession();
                    await PlaceAsync(context, journey, policy, RequestOutcome.SessionOver, next);
                    return;

                case ForwardStatus.NotMine when result.NotMine.Owner == default:
                    // It has left, or is about to, and the view does not say so yet.
                    unreachableSince ??= time.GetTimestamp();
                    if (!await failover.LeftTheViewAsync(target, unreachableSince.Value, context.RequestAborted))
                    {
                        await entry.FailAsync(context, policy, StickyReasons.OwnerUnknown, target.Name);
                        return;
                    }

                    break;

                case ForwardStatus.NotMine when purpose == ForwardPurpose.Home && result.NotMine.Epoch == 0:
                    unreachableSince ??= time.GetTimestamp();
                    var view = membership.View;
                    token = await LearnAsync(asked, result.NotMine, policy, isUnbound, context.RequestAborted);
                    if (ReferenceEquals(view, membership.View) && !await failover.PausedAsync(unreachableSince.Value, context.RequestAborted))
                    {
                        // The two nodes still see different ones.
                        await entry.FailAsync(context, policy, StickyReasons.OwnerUnknown);
                        return;
                    }

                    break;

                case ForwardStatus.NotMine:
                    if (++refusals > MaxRefusals)
                    {
                        await entry.FailAsync(context, policy, StickyReasons.OwnerUnknown);
                        return;
                    }

                    // A session that has idled out may begin again where it was: its home says so.
                    var isForgotten = result.NotMine.Epoch == 0 && (purpose == ForwardPurpose.Guest || (purpose == ForwardPurpose.Serve && !policy.SignsTokens));
                    isUnbound |= isForgotten;
                    isRepaired = true;
                    refused = isForgotten ? refused : refused.Add(target.Tag);
                    if (result.NotMine.Epoch > asked.Epoch)
                    {
                        // Whoever is said to own it as of then may have refused before the session was handed to it.
                        refused = refused.Remove(result.NotMine.Owner);
                    }

                    token = await LearnAsync(asked, result.NotMine, policy, isUnbound, context.RequestAborted);
                    break;

                case ForwardStatus.NotSent:
                    unreachableSince ??= time.GetTimestamp();
                    if (!await failover.GoneOrWorthAnotherTryAsync(target, unreachableSince.Value, context.RequestAborted))
                    {
                        await entry.FailAsync(context, policy, StickyReasons.OwnerUnreachable, target.Name);
                        return;
                    }

                    break;

                default:
                    return;
            }

            target = null;
        }
    }

    /// <summary>A request without a session: it gets one here or elsewhere, as the policy's placement says.</summary>
    private async Task PlaceAsync(HttpContext context, RequestJourney journey, StickyPolicy policy, RequestOutcome outcome, RequestDelegate next)
    {
        var fresh = entry.NewToken();
        var refused = ImmutableArray<NodeTag>.Empty;
        while (refused.Length < MaxRefusals && placement.Elsewhere(fresh.Session, policy, node.IsDraining, refused) is { } other)
        {
            var placed = new ForwardedSession(ForwardPurpose.Place, fresh with { Owner = other.Tag }, policy.Name);
            var result = await ForwardAsync(context, journey, RequestOutcome.Placed, other, placed);
            if (result.Status is ForwardStatus.Completed or ForwardStatus.Failed)
            {
                return;
            }

            refused = refused.Add(other.Tag);
        }

        await entry.RunNewAsync(context, policy, fresh, membership.Self.Name, outcome, next);
    }

    /// <summary>Why a session begins.</summary>
    private static RequestOutcome OutcomeOf(in TokenFinding found) => found.Status switch
    {
        TokenFindingStatus.None => RequestOutcome.New,
        TokenFindingStatus.Expired => RequestOutcome.SessionOver,
        _ => RequestOutcome.TokenInvalid,
    };

    private async Task<ForwardResult> ForwardAsync(
        HttpContext context, RequestJourney journey, RequestOutcome outcome, Node target, ForwardedSession session)
    {
        journey.GoesTo(outcome, target.Name, session.Token);
        using var scope = journey.BeginLogScope();
        var result = await forwarder.ForwardAsync(context, target, session);
        if (result is { Status: ForwardStatus.Failed, Reason: { } reason })
        {
            journey.Fails(reason);
        }
        else if (result.Status == ForwardStatus.Failed && !context.Response.HasStarted)
        {
            // A client that goes away while it has its answer has ended a stream, as clients do.
            journey.EndsByClient();
        }

        return result;
    }

    /// <summary>A refusal repairs this node: it may know a newer owner, or have a newer view.</summary>
    private async ValueTask<StickyToken> LearnAsync(
        StickyToken token, NotMine refusal, StickyPolicy policy, bool isUnbound, CancellationToken cancellationToken)
    {
        if (refusal.ViewVersion > membership.View.Version)
        {
            await membership.RefreshAsync(cancellationToken);
        }

        if (refusal.Epoch < token.Epoch)
        {
            known.Forget(token.Session);
            return isUnbound ? token with { Owner = default, Epoch = 1 } : token;
        }

        if (!policy.SignsTokens)
        {
            known.Set(token.Session, new KnownOwner(refusal.Owner, refusal.Epoch));
        }

        return token with { Owner = refusal.Owner, Epoch = refusal.Epoch };
    }
}
