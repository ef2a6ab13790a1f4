using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions;

/// <summary>How a request ends at this node: in the application on behalf of its session, or with an error.</summary>
internal sealed partial class SessionEntry(
    SessionBinding binding,
    SessionAdmission admission,
    HeldSessions held,
    IClusterMembership membership,
    StickyMetrics metrics,
    TimeProvider time,
    ILogger<SessionEntry> logger)
{
    /// <summary>Runs the application for a request that entered at the owner. The session is entered already.</summary>
    public Task RunAsync(HttpContext context, StickyPolicy policy, HeldSession session, in StickyToken issued, RequestDelegate next)
    {
        if (admission.IsLimited)
        {
            return RunWithinLimitAsync(context, policy, session, issued, ingress: null, next);
        }

        binding.Attach(context, SharedFeatureOf(session, policy), issued);
        return next(context);
    }

    /// <summary>
    /// Runs the application for a request that another node received. The session is entered already; the token is null if it is new
    /// to the client.
    /// </summary>
    public Task RunForwardedAsync(
        HttpContext context, StickyPolicy policy, HeldSession session, StickyToken? issued, string ingress, RequestDelegate next)
        => admission.IsLimited
            ? RunWithinLimitAsync(context, policy, session, issued, ingress, next)
            : RunFeaturedAsync(context, new OwnedSessionFeature(session, policy, binding, membership.Self.Name, ingress), issued, next);

    /// <summary>Runs the application for a new session.</summary>
    public Task RunNewAsync(HttpContext context, StickyPolicy policy, in StickyToken fresh, string ingress, RequestDelegate next)
    {
        metrics.Request(RequestOutcome.New);
        held.Adopt(fresh.Session, fresh.Epoch, fresh.Created, policy, out var session);
        return RunForwardedAsync(context, policy, session!, issued: null, ingress, next);
    }

    /// <summary>The token of a session that begins here; the client gets it with the response.</summary>
    public StickyToken NewToken() => new(SessionId.New(), membership.Self.Tag, Epoch: 1, Created: time.GetUtcNow(), Issued: default);

    public Task FailAsync(HttpContext context, string reason, string? owner = null)
    {
        metrics.Request(RequestOutcome.Failed);
        NotServed(logger, reason, owner ?? "-");
        return StickyProblem.WriteAsync(
            context, StatusCodes.Status503ServiceUnavailable, reason, StickyReasonDetails.Of(reason), owner, retryAfter: TimeSpan.FromSeconds(1));
    }

    private Task RunFeaturedAsync(HttpContext context, OwnedSessionFeature feature, in StickyToken? issued, RequestDelegate next)
    {
        if (issued is { } token)
        {
            binding.Attach(context, feature, token);
        }
        else
        {
            binding.AttachNew(context, feature);
        }

        return next(context);
    }

    /// <summary>As above, if and when this node has a place for one more request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="policy">The policy that it falls under.</param>
    /// <param name="session">Entered already.</param>
    /// <param name="issued">The client's token, or null if it has none of this session.</param>
    /// <param name="ingress">The node that received the request; null if that is this one and the session has run here before.</param>
    /// <param name="next">The application.</param>
    private async Task RunWithinLimitAsync(
        HttpContext context, StickyPolicy policy, HeldSession session, StickyToken? issued, string? ingress, RequestDelegate next)
    {
        using var admitted = await admission.EnterAsync(context, session, isNew: issued is null);
        switch (admitted.Status)
        {
            case AdmissionStatus.Shed:
                await FailAsync(context, StickyReasons.OwnerFull, membership.Self.Name);
                return;
            case AdmissionStatus.SessionLost:
                await FailAsync(context, StickyReasons.OwnerUnknown, membership.Self.Name);
                return;
            case AdmissionStatus.ClientGone:
                context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
                return;
        }

        var feature = ingress is null
            ? SharedFeatureOf(session, policy)
            : new OwnedSessionFeature(session, policy, binding, membership.Self.Name, ingress);
        await RunFeaturedAsync(context, feature, issued, next);
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
