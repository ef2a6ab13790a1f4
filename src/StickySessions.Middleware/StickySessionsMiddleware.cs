using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Forwarding;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions;

/// <summary>
/// The way of a request: is it sticky, which session does its token name, who owns that session; then it runs here or is forwarded.
/// </summary>
internal sealed partial class StickySessionsMiddleware(
    RequestDelegate next,
    PolicyResolver policies,
    SessionCookie cookies,
    SessionRouter router,
    SessionBinding binding,
    HeldSessions held,
    NodeLifecycle node,
    IClusterMembership membership,
    IRequestForwarder forwarder,
    StickyMetrics metrics,
    IOptions<StickyForwardingOptions> options,
    TimeProvider time,
    ILogger<StickySessionsMiddleware> logger)
{
    /// <summary>Only the ingress node tries again, at most twice, and never at a node that has refused.</summary>
    private const int MaxRefusals = 2;

    /// <summary>Why a token that is genuine is worth nothing: its session was ended or has idled out.</summary>
    private const string SessionOver = "session-over";

    private static readonly TimeSpan PauseBeforeTryingAgain = TimeSpan.FromMilliseconds(50);

    public Task Invoke(HttpContext context)
    {
        var forwarded = context.Features.Get<IForwardedRequestFeature>();
        forwarded?.RestoreRequest(context);

        // 1. Opt out?
        if (policies.Resolve(context) is not { } policy)
        {
            return next(context);
        }

        if (forwarded is not null)
        {
            return ReceiveAsync(context, policy, forwarded);
        }

        if (!membership.IsJoined)
        {
            // It may not know the cluster's keys either, so no token can be read.
            return FailAsync(context, StickyReasons.NotJoined);
        }

        // 2. The token.
        var found = cookies.Read(context, policy);

        // 3. and 4. The owner: this node, without any I/O and without an allocation.
        if (found.IsValid
            && !node.HasLeft
            && found.Token.Owner == membership.Self.Tag
            && held.TryEnter(found.Token.Session, found.Token.Epoch, out var session) == EnterStatus.Entered)
        {
            metrics.Request(RequestOutcome.Local);
            binding.Attach(context, FeatureOf(session!, policy), found.Token);
            return next(context);
        }

        return RouteAsync(context, policy, found);
    }

    /// <summary>A request that entered here and does not run here without further ado.</summary>
    private async Task RouteAsync(HttpContext context, StickyPolicy policy, SessionCookieResult found)
    {
        try
        {
            if (found.IsValid && membership.View.Find(found.Token.Owner) is { } owner && owner.Tag != membership.Self.Tag)
            {
                // The common case, and the cheap one: the token names a node that this node sees, and it answers.
                var result = await forwarder.ForwardAsync(context, owner, new ForwardedSession(ForwardPurpose.Serve, found.Token, policy.Name));
                if (result.Status == ForwardStatus.Completed)
                {
                    metrics.Request(RequestOutcome.Forwarded);
                    return;
                }

                await FindOwnerAsync(context, policy, found.Token, owner, result);
            }
            else if (found.IsValid)
            {
                await FindOwnerAsync(context, policy, found.Token);
            }
            else
            {
                if (found.Status != SessionCookieStatus.None)
                {
                    metrics.TokenRejected(found.Status.ToTag());
                }

                await PlaceAsync(context, policy);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client went while its owner was looked for. Nobody is left to be answered.
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
    }

    /// <param name="context">The request.</param>
    /// <param name="policy">The policy that it falls under.</param>
    /// <param name="issued">The client's token.</param>
    /// <param name="target">A node that it was forwarded to already, if any, with this <paramref name="result"/>.</param>
    /// <param name="result">What became of it there.</param>
    private async Task FindOwnerAsync(
        HttpContext context, StickyPolicy policy, StickyToken issued, Node? target = null, ForwardResult result = default)
    {
        var token = issued;
        var asked = issued;
        var refused = ImmutableArray<NodeTag>.Empty;
        long? unreachableSince = null;
        while (true)
        {
            if (target is null)
            {
                var route = await router.FindAsync(token, policy, refused, context.RequestAborted);
                switch (route.Kind)
                {
                    case RouteKind.Here:
                        metrics.Request(route.Claimed ? RequestOutcome.Claimed : RequestOutcome.Local);
                        binding.Attach(context, FeatureOf(route.Session!, policy), issued);
                        await next(context);
                        return;

                    case RouteKind.NewSession:
                        metrics.TokenRejected(SessionOver);
                        await PlaceAsync(context, policy);
                        return;

                    case RouteKind.There:
                        break;

                    default:
                        await FailAsync(context, route.Reason!);
                        return;
                }

                (target, asked) = (route.Target!, route.Token);
                result = await forwarder.ForwardAsync(context, target, new ForwardedSession(route.Purpose, asked, policy.Name));
            }

            switch (result.Status)
            {
                case ForwardStatus.NotMine when result.NotMine.Ended:
                    metrics.TokenRejected(SessionOver);
                    await PlaceAsync(context, policy);
                    return;

                case ForwardStatus.NotMine:
                    refused = refused.Add(target.Tag);
                    if (refused.Length > MaxRefusals)
                    {
                        await FailAsync(context, StickyReasons.OwnerUnknown);
                        return;
                    }

                    token = await LearnAsync(asked, result.NotMine, context.RequestAborted);
                    break;

                case ForwardStatus.NotSent:
                    unreachableSince ??= time.GetTimestamp();
                    if (!await GoneOrWorthAnotherTryAsync(target, unreachableSince.Value, context.RequestAborted))
                    {
                        await FailAsync(context, StickyReasons.OwnerUnreachable, target.Name);
                        return;
                    }

                    break;

                case ForwardStatus.Completed:
                    metrics.Request(RequestOutcome.Forwarded);
                    return;

                default:
                    metrics.Request(RequestOutcome.Failed);
                    return;
            }

            target = null;
        }
    }

    /// <summary>A request without a session: it gets one here, or elsewhere if this node takes no new ones.</summary>
    private async Task PlaceAsync(HttpContext context, StickyPolicy policy)
    {
        var fresh = new StickyToken(SessionId.New(), membership.Self.Tag, Epoch: 1, Created: time.GetUtcNow(), Issued: default);
        if (node.IsDraining
            && Rendezvous.Candidate(membership.View, fresh.Session, formerOwner: default) is { } other
            && other.Tag != membership.Self.Tag)
        {
            var placed = new ForwardedSession(ForwardPurpose.Place, fresh with { Owner = other.Tag }, policy.Name);
            var result = await forwarder.ForwardAsync(context, other, placed);
            if (result.Status is ForwardStatus.Completed or ForwardStatus.Failed)
            {
                metrics.Request(result.Status == ForwardStatus.Completed ? RequestOutcome.Forwarded : RequestOutcome.Failed);
                return;
            }
        }

        await RunNewAsync(context, policy, fresh, membership.Self.Name);
    }

    /// <summary>A request that another node received and forwarded here. It ends here: handled, or refused before it has run.</summary>
    private async Task ReceiveAsync(HttpContext context, StickyPolicy policy, IForwardedRequestFeature forwarded)
    {
        if (node.HasLeft || !membership.IsJoined)
        {
            await RefuseAsync(context, forwarded, known: default);
            return;
        }

        var asked = forwarded.Session;
        var route = await router.ReceiveAsync(asked, policy, context.RequestAborted);
        switch (route.Kind)
        {
            case RouteKind.Here:
                metrics.Request(route.Claimed ? RequestOutcome.Claimed : RequestOutcome.Served);
                var feature = new OwnedSessionFeature(route.Session!, policy, binding, membership.Self.Name, forwarded.Ingress);
                if (asked.Purpose == ForwardPurpose.Place)
                {
                    binding.AttachNew(context, feature);
                }
                else
                {
                    binding.Attach(context, feature, asked.Token);
                }

                await next(context);
                break;

            case RouteKind.NewSession when node.IsDraining:
                await RefuseAsync(context, forwarded, known: default, ended: true);
                break;

            case RouteKind.NewSession:
                metrics.TokenRejected(SessionOver);
                var fresh = new StickyToken(SessionId.New(), membership.Self.Tag, Epoch: 1, Created: time.GetUtcNow(), Issued: default);
                await RunNewAsync(context, policy, fresh, forwarded.Ingress);
                break;

            case RouteKind.NotMine:
                await RefuseAsync(context, forwarded, route.Token);
                break;

            default:
                await FailAsync(context, route.Reason!);
                break;
        }
    }

    private Task RunNewAsync(HttpContext context, StickyPolicy policy, in StickyToken fresh, string ingress)
    {
        metrics.Request(RequestOutcome.New);
        held.Adopt(fresh.Session, fresh.Epoch, fresh.Created, policy, out var session);
        binding.AttachNew(context, new OwnedSessionFeature(session!, policy, binding, membership.Self.Name, ingress));
        return next(context);
    }

    private Task RefuseAsync(HttpContext context, IForwardedRequestFeature forwarded, in StickyToken known, bool ended = false)
    {
        metrics.Request(RequestOutcome.Refused);
        return forwarded.RefuseAsync(context, new NotMine(known.Owner, known.Epoch, membership.View.Version, ended));
    }

    /// <summary>A refusal repairs this node: it may know a newer owner, or have a newer view.</summary>
    private async ValueTask<StickyToken> LearnAsync(StickyToken token, NotMine refusal, CancellationToken cancellationToken)
    {
        if (refusal.Owner == default || refusal.ViewVersion > membership.View.Version)
        {
            await membership.RefreshAsync(cancellationToken);
        }

        return refusal.Owner != default && refusal.Epoch >= token.Epoch
            ? token with { Owner = refusal.Owner, Epoch = refusal.Epoch }
            : token;
    }

    /// <summary>
    /// Asks the cluster whether a node that could not be reached is gone. If it is not, the reason may pass (a full accept queue, a
    /// circuit that is open for a moment), so the request is worth another try until its time is up.
    /// </summary>
    private async ValueTask<bool> GoneOrWorthAnotherTryAsync(Node target, long since, CancellationToken cancellationToken)
    {
        var left = options.Value.FailoverTimeout - time.GetElapsedTime(since);
        if (left <= TimeSpan.Zero)
        {
            return false;
        }

        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), bounded, left, Timeout.InfiniteTimeSpan);
        try
        {
            if (!await membership.SuspectAsync(target.Tag, bounded.Token))
            {
                await Task.Delay(PauseBeforeTryingAgain, time, bounded.Token);
            }

            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private Task FailAsync(HttpContext context, string reason, string? owner = null)
    {
        metrics.Request(RequestOutcome.Failed);
        NotServed(logger, reason, owner ?? "-");
        return StickyProblem.WriteAsync(
            context, StatusCodes.Status503ServiceUnavailable, reason, StickyReasonDetails.Of(reason), owner, retryAfter: TimeSpan.FromSeconds(1));
    }

    /// <summary>Requests that entered at the owner share one feature per session.</summary>
    private OwnedSessionFeature FeatureOf(HeldSession session, StickyPolicy policy)
    {
        if (session.Feature is OwnedSessionFeature shared)
        {
            return shared;
        }

        var name = membership.Self.Name;
        var feature = new OwnedSessionFeature(session, policy, binding, name, name);
        session.Feature = feature;
        return feature;
    }

    [LoggerMessage(StickyEventIds.Middleware + 20, LogLevel.Warning,
        "A request was answered 503: {Reason} (owner: {Owner}). The client may try again.")]
    private static partial void NotServed(ILogger logger, string reason, string owner);
}
