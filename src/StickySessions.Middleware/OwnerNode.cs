using Microsoft.AspNetCore.Http;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Forwarding;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions;

/// <summary>
/// What this node does with a request that another node received and forwarded here. It ends here: handled, or refused before it has
/// run.
/// </summary>
internal sealed class OwnerNode(
    SessionRouter router, SessionEntry entry, NodeStage node, IClusterMembership membership, RequestJourneys journeys, StickyMetrics metrics)
{
    public async Task ReceiveAsync(HttpContext context, StickyPolicy policy, IForwardedRequestFeature forwarded, RequestDelegate next)
    {
        var journey = journeys.Of(context, policy, forwarded.Ingress);
        try
        {
            if (node.HasLeft || !membership.IsJoined)
            {
                await RefuseAsync(context, journey, forwarded, known: default);
                return;
            }

            var asked = forwarded.Session;
            var route = await router.ReceiveAsync(asked, policy, context.RequestAborted);
            switch (route.Kind)
            {
                case RouteKind.Here:
                    StickyToken? issued = asked.Purpose == ForwardPurpose.Place ? null : asked.Token;
                    await entry.RunForwardedAsync(context, policy, route.Session!, issued, forwarded.Ingress,
                        route.Claimed ? RequestOutcome.Claimed : RequestOutcome.Served, next);
                    break;

                case RouteKind.NewSession when node.IsDraining || asked.Purpose == ForwardPurpose.Place:
                    await RefuseAsync(context, journey, forwarded, known: default, ended: true);
                    break;

                case RouteKind.NewSession:
                    metrics.TokenOfEndedSession();
                    await entry.RunNewAsync(context, policy, entry.NewToken(), forwarded.Ingress, RequestOutcome.SessionOver, next);
                    break;

                case RouteKind.NotMine:
                    await RefuseAsync(context, journey, forwarded, route.Token);
                    break;

                default:
                    await entry.FailAsync(context, policy, route.Reason!);
                    break;
            }
        }
        catch (Exception failure) when (FencedBody.Explains(failure, context))
        {
            // The client has its answer.
        }
    }

    private Task RefuseAsync(
        HttpContext context, RequestJourney journey, IForwardedRequestFeature forwarded, in StickyToken known, bool ended = false)
    {
        journey.IsRefused(forwarded.Session.Token.Session);
        return forwarded.RefuseAsync(context, new NotMine(known.Owner, known.Epoch, membership.View.Version, ended));
    }
}
