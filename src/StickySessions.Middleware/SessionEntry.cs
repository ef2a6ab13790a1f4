using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.State;
using StickySessions.Tokens;

namespace StickySessions;

/// <summary>How a request ends at this node: in the application on behalf of its session, or with an error.</summary>
internal sealed partial class SessionEntry(
    SessionBinding binding,
    SessionFence fence,
    SessionAdmission admission,
    OneAtATime turns,
    HeldSessions held,
    IClusterMembership membership,
    PolicyResolver policies,
    RequestJourneys journeys,
    TimeProvider time,
    ILogger<SessionEntry> logger,
    ApplicationMemories? memories = null,
    StockSessionImport? stock = null)
{
    /// <summary>
    /// Runs the application for a request that entered at the owner, unless the fence is closed. The session is entered already.
    /// </summary>
    public Task RunAsync(
        HttpContext context, StickyPolicy policy, HeldSession session, in StickyToken issued, RequestOutcome outcome, RequestDelegate next)
        => RunInTurnAsync(context, policy, SharedFeatureOf(session, policy), issued, outcome, next);

    /// <summary>
    /// Runs the application for a request that another node received, unless the fence is closed. The session is entered already; the
    /// token is null if it is new to the client.
    /// </summary>
    public Task RunForwardedAsync(
        HttpContext context, StickyPolicy policy, HeldSession session, StickyToken? issued, string ingress, RequestOutcome outcome, RequestDelegate next)
    {
        var feature = new OwnedSessionFeature(session, policy, binding, membership.Self.Name, ingress, isProvisional: issued is null);
        return RunInTurnAsync(context, policy, feature, issued, outcome, next);
    }

    /// <summary>Runs the application for a new session, unless none may begin here now.</summary>
    public async Task RunNewAsync(
        HttpContext context, StickyPolicy policy, StickyToken fresh, string ingress, RequestOutcome outcome, RequestDelegate next)
    {
        if (await fence.WhyClosedAsync(policy) is { } reason)
        {
            await FailAsync(context, policy, reason);
            return;
        }

        held.Adopt(fresh.Session, fresh.Epoch, fresh.Created, policy, out var session);
        await RunForwardedAsync(context, policy, session!, issued: null, ingress, outcome, next);
    }

    /// <summary>The token of a session that begins here; the client gets it with the response.</summary>
    public StickyToken NewToken() => new(SessionId.New(), membership.Self.Tag, Epoch: 1, Created: time.GetUtcNow(), Issued: default);

    public async Task FailAsync(HttpContext context, StickyPolicy policy, string reason, string? owner = null)
    {
        var journey = journeys.Of(context, policy);
        journey.Fails(reason, owner);
        using (journey.BeginLogScope())
        {
            NotServed(logger, reason, owner ?? "-");
            await StickyProblem.WriteAsync(
                context, StatusCodes.Status503ServiceUnavailable, reason, StickyReasonDetails.Of(reason), owner, StickyReasonDetails.RetryAfter(reason));
        }
    }

    /// <summary>Answers a request that no node would run.</summary>
    public Task RefuseAsync(HttpContext context, StickyPolicy policy, string reason, int status = StatusCodes.Status400BadRequest)
    {
        journeys.Of(context, policy).Fails(reason);
        return StickyProblem.WriteAsync(context, status, reason, StickyReasonDetails.Of(reason));
    }

    private Task RunInTurnAsync(
        HttpContext context, StickyPolicy policy, OwnedSessionFeature feature, in StickyToken? issued, RequestOutcome outcome, RequestDelegate next)
        => policies.IsOneAtATime(context, policy)
            ? RunAfterOthersAsync(context, policy, feature, issued, outcome, next)
            : RunUnlessFullAsync(context, feature, issued, outcome, next);

    /// <summary>If and when those requests of the session are over that came before. Only then does it need a place at this node.</summary>
    private async Task RunAfterOthersAsync(
        HttpContext context, StickyPolicy policy, OwnedSessionFeature feature, StickyToken? issued, RequestOutcome outcome, RequestDelegate next)
    {
        var session = feature.Session;
        var turn = await turns.WaitAsync(context, policy, session);
        if (turn.Status == TurnStatus.Taken)
        {
            await turn.RunAsync(() => RunUnlessFullAsync(context, feature, issued, outcome, next));
            return;
        }

        admission.Leave(session, isNew: issued is null);
        switch (turn.Status)
        {
            case TurnStatus.SessionEnded:
                await RunNewAsync(context, policy, NewToken(), feature.Ingress, RequestOutcome.SessionOver, next);
                break;
            case TurnStatus.Reentered:
                await RefuseAsync(context, policy, StickyReasons.SessionReentered, StatusCodes.Status508LoopDetected);
                break;
            case TurnStatus.ClientGone:
                EndByClient(context, policy);
                break;
            default:
                var reason = turn.Status switch
                {
                    TurnStatus.SessionLost => StickyReasons.OwnerUnknown,
                    TurnStatus.LeaseExpired => StickyReasons.LeaseExpired,
                    _ => StickyReasons.SessionBusy,
                };
                await FailAsync(context, policy, reason, membership.Self.Name);
                break;
        }
    }

    private Task RunUnlessFullAsync(
        HttpContext context, OwnedSessionFeature feature, in StickyToken? issued, RequestOutcome outcome, RequestDelegate next)
        => admission.IsLimited
            ? RunWithinLimitAsync(context, feature, issued, outcome, next)
            : RunUnlessFencedAsync(context, feature, issued, outcome, next);

    private Task RunUnlessFencedAsync(
        HttpContext context, OwnedSessionFeature feature, in StickyToken? issued, RequestOutcome outcome, RequestDelegate next)
        => fence.IsOpen(feature.Session) && memories?.MustImport(feature.Session) != true ? RunAsync(context, feature, issued, outcome, next) : RunIfOpenAsync(context, feature, issued, outcome, next);

    private Task RunAsync(HttpContext context, OwnedSessionFeature feature, in StickyToken? issued, RequestOutcome outcome, RequestDelegate next)
    {
        var journey = RequestJourney.Of(context);
        journey?.RunsHere(outcome, feature);
        if (issued is { } token)
        {
            binding.Attach(context, feature, token);
        }
        else
        {
            binding.AttachNew(context, feature);
            if (feature.Policy.QueryName is not null && NegotiateAnswer.IsWanted(context))
            {
                AnswerNegotiation(context, feature);
            }
        }

        RewrittenRequest.Restore(context, policies.Rewritten);
        next = journey?.InLogScope(next) ?? next;
        next = LongLivedRequest.MayBe(context) ? ThatCanBeEnded(feature, next) : next;
        if (stock?.IsNeeded(context) == true)
        {
            next = stock.Before(feature, isNew: issued is null, next);
        }

        return feature is { IsProvisional: true, Policy.BodyToken: not null } ? binding.LearnFromBodyAsync(context, feature, next) : next(context);
    }

    /// <summary>By itself: what a lambda captures is allocated where its method begins, for every request.</summary>
    private void AnswerNegotiation(HttpContext context, OwnedSessionFeature feature)
        => NegotiateAnswer.Choose(context, path => binding.AddressOf(context, feature, path));

    /// <summary>By itself, for the same reason.</summary>
    private static RequestDelegate ThatCanBeEnded(OwnedSessionFeature feature, RequestDelegate next)
        => context => LongLivedRequest.RunAsync(context, feature.Session.Requests, next);

    private async Task RunIfOpenAsync(
        HttpContext context, OwnedSessionFeature feature, StickyToken? issued, RequestOutcome outcome, RequestDelegate next)
    {
        string? reason = StickyReasons.LeaseExpired;
        try
        {
            if (memories?.MustImport(feature.Session) == true)
            {
                await memories.ImportAsync(feature.Session);
            }

            reason = await fence.WhyClosedAsync(feature.Session);
        }
        finally
        {
            if (reason is not null)
            {
                held.Exit(feature.Session);
                if (issued is null)
                {
                    // No client has a token of it.
                    held.Forget(feature.Session);
                }
            }
        }

        await (reason is null ? RunAsync(context, feature, issued, outcome, next) : FailAsync(context, feature.Policy, reason));
    }

    /// <summary>If and when this node has a place for one more request.</summary>
    private async Task RunWithinLimitAsync(
        HttpContext context, OwnedSessionFeature feature, StickyToken? issued, RequestOutcome outcome, RequestDelegate next)
    {
        using var admitted = await admission.EnterAsync(context, feature.Session, isNew: issued is null);
        switch (admitted.Status)
        {
            case AdmissionStatus.Shed:
                await FailAsync(context, feature.Policy, StickyReasons.OwnerFull, membership.Self.Name);
                return;
            case AdmissionStatus.SessionLost:
                await FailAsync(context, feature.Policy, StickyReasons.OwnerUnknown, membership.Self.Name);
                return;
            case AdmissionStatus.ClientGone:
                EndByClient(context, feature.Policy);
                return;
        }

        // It may have waited long for its place.
        await RunUnlessFencedAsync(context, feature, issued, outcome, next);
    }

    private void EndByClient(HttpContext context, StickyPolicy policy)
    {
        journeys.Of(context, policy).EndsByClient();
        context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
    }

    /// <summary>Requests that entered at the owner share one feature per session.</summary>
    private OwnedSessionFeature SharedFeatureOf(HeldSession session, StickyPolicy policy)
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
