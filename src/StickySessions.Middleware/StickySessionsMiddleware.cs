using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Forwarding;
using StickySessions.Ownership;
using StickySessions.Policies;

namespace StickySessions;

/// <summary>
/// The way of a request: is it sticky, which session does its token name, who owns that session; then it runs here or is forwarded.
/// </summary>
internal sealed class StickySessionsMiddleware(
    RequestDelegate next,
    PolicyResolver policies,
    RequestTokens tokens,
    HeldSessions held,
    IngressNode ingress,
    OwnerNode owner,
    SessionEntry entry,
    NodeStage node,
    RequestJourneys journeys,
    IClusterMembership membership)
{
    public Task Invoke(HttpContext context)
    {
        if (OwnedSessionFeature.Of(context) is not null)
        {
            // Run again within one request, for instance for an error page: it has its session already.
            return next(context);
        }

        RequestJourney.Of(context)?.RunsAgain();
        var forwarded = context.Features.Get<IForwardedRequestFeature>();
        forwarded?.RestoreRequest(context);

        // 1. Opt out? The ingress node's decision holds for its owner: while a new version is rolled out, the two may differ.
        var policy = forwarded is null ? policies.Resolve(context) : policies.ResolveForwarded(context, forwarded.Session.Policy);
        if (policy is null || (forwarded is null && IsPreflight(context.Request)))
        {
            RewrittenRequest.Restore(context, policies.Rewritten);
            return journeys.PassAsync(context, policy is null ? RequestOutcome.Disabled : RequestOutcome.Preflight, policy, next);
        }

        if (forwarded is not null)
        {
            return owner.ReceiveAsync(context, policy, forwarded, next);
        }

        if (!membership.IsJoined)
        {
            // It may not know the cluster's keys either, so no token can be read.
            return entry.FailAsync(context, policy, StickyReasons.NotJoined);
        }

        // 2. The token. Complete at once unless a user must be authenticated, or a directory asked.
        var finding = tokens.FindAsync(context, policy);
        return finding.IsCompletedSuccessfully ? ServeAsync(context, policy, finding.Result) : ServeAsync(context, policy, finding.AsTask());
    }

    private async Task ServeAsync(HttpContext context, StickyPolicy policy, Task<TokenFinding> finding)
        => await ServeAsync(context, policy, await finding);

    private Task ServeAsync(HttpContext context, StickyPolicy policy, in TokenFinding found)
    {
        // 3. and 4. The owner: this node, without any I/O and without an allocation.
        if ((found.IsUnbound || (found.IsValid && found.Token.Owner == membership.Self.Tag))
            && !node.HasLeft
            && held.TryEnter(found.Token.Session, found.Token.Epoch, out var session) == EnterStatus.Entered)
        {
            if (journeys.IsWatched(context))
            {
                journeys.Of(context, policy);
            }

            return entry.RunAsync(context, policy, session!, found.Token, RequestOutcome.Local, next);
        }

        return found.Status switch
        {
            TokenFindingStatus.Conflict => entry.RefuseAsync(context, policy, StickyReasons.TokenConflict),
            TokenFindingStatus.Busy => entry.FailAsync(context, policy, StickyReasons.LookupsBusy),
            _ => ingress.RouteAsync(context, policy, found, next),
        };
    }

    /// <summary>Browsers send no cookies with it, and any node knows the answer (Fetch standard, CORS-preflight request).</summary>
    private static bool IsPreflight(HttpRequest request)
        => HttpMethods.IsOptions(request.Method) && request.Headers.ContainsKey(HeaderNames.AccessControlRequestMethod) && request.Headers.Cookie.Count == 0;
}
