using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions;

/// <summary>
/// What the owner does to a response: it issues or renews the session token, or takes it away when the session has ended. And what
/// it does when the request is over.
/// </summary>
internal sealed partial class SessionBinding(
    SessionCookie cookies,
    ResponseTokens responses,
    IClusterMembership membership,
    HeldSessions held,
    IOwnershipDirectory directory,
    SessionFence fence,
    RunningCount running,
    RequestJourneys journeys,
    TimeProvider time,
    ILogger<SessionBinding> logger)
{
    /// <summary>Enters the application on behalf of a session that the client's token already names.</summary>
    public void Attach(HttpContext context, OwnedSessionFeature feature, in StickyToken token)
    {
        // The application's own cookie is not given out again for its age alone: its attributes are the application's.
        var isStale = feature.Policy.SignsTokens
            && (token.Epoch != feature.Session.Epoch
                || token.Owner != membership.Self.Tag
                || (feature.Policy.Method == StickyMethod.Insert && cookies.IsDueForRenewal(token, feature.Policy)));
        if (isStale || feature.Policy.ReadsResponses || feature.Policy.MayEndByResponse)
        {
            // A token of the application that has no suffix gets one when the application next gives it out.
            AttachAndIssue(context, feature, isNew: false, isStale && token.Issued != default);
            return;
        }

        // The common case, free of allocations: nothing to say unless the application ends the session.
        Enter(context, feature);
        if (!context.Response.HasStarted)
        {
            context.Response.OnStarting(CheckFence, context);
        }
    }

    /// <summary>Enters the application on behalf of a session whose token the client does not have yet.</summary>
    public void AttachNew(HttpContext context, OwnedSessionFeature feature) => AttachAndIssue(context, feature, isNew: true, isStale: true);

    private void AttachAndIssue(HttpContext context, OwnedSessionFeature feature, bool isNew, bool isStale)
    {
        Enter(context, feature);
        if (!context.Response.HasStarted)
        {
            context.Response.OnStarting(() => IssueAsync(context, feature, isNew, isStale));
        }
    }

    /// <summary>Before all that can fail: a session that is not left again never idles out.</summary>
    private static void Enter(HttpContext context, OwnedSessionFeature feature)
    {
        context.Response.OnCompleted(Exit, context);
        feature.Binding.CountIn();
        feature.AttachTo(context);
        feature.Session.Requests.Add(context);
    }

    /// <summary>
    /// Registered before the application's callbacks, so it runs after them: nothing that takes time stands between this look at the
    /// fence and the response.
    /// </summary>
    private static Task CheckFence(object state)
    {
        var context = (HttpContext)state;
        var feature = OwnedSessionFeature.Of(context)!;
        return feature.Binding.CheckFenceAsync(context, feature);
    }

    private Task CheckFenceAsync(HttpContext context, OwnedSessionFeature feature)
    {
        if (!fence.IsOpen(feature.Session))
        {
            return RefuseUnlessOpenAsync(context, feature, issue: null);
        }

        return feature.Session.IsEnded ? EndAsync(context, feature) : Task.CompletedTask;
    }

    private async Task RefuseUnlessOpenAsync(HttpContext context, OwnedSessionFeature feature, Func<Task>? issue)
    {
        if (await fence.WhyClosedAsync(feature.Session) is { } reason)
        {
            await ReplaceAsync(context, feature, reason);
        }
        else if (feature.Session.IsEnded)
        {
            await EndAsync(context, feature);
        }
        else if (issue is not null)
        {
            await issue();
        }
    }

    private async Task ReplaceAsync(HttpContext context, OwnedSessionFeature feature, string reason)
    {
        if (FencedBody.IsOf(context))
        {
            return;
        }

        var requests = feature.Session.Requests;
        var fenced = new FencedBody(context, requests, reason, time);
        if (requests.ReplaceBody(context, fenced) is { } body)
        {
            RequestJourney.Of(context)?.Fails(reason);
            NotAnswered(logger, feature.SessionId, reason);
            await FencedResponse.WriteAsync(context, body, reason, time);
            fenced.Attach();
        }
    }

    private static Task Exit(object state)
    {
        var context = (HttpContext)state;
        var feature = OwnedSessionFeature.Of(context)!;
        feature.Session.Requests.Remove(context);
        feature.Binding.Leave(context, feature);
        return feature is { IsProvisional: false, Session.IsEnded: true } ? feature.RecordEndAsync(feature.Binding.RecordEndAsync) : Task.CompletedTask;
    }

    private void CountIn() => running.Enter();

    private void Leave(HttpContext context, OwnedSessionFeature feature)
    {
        journeys.LeavesSession(context, feature.Policy);
        running.Exit();
        held.Exit(feature.Session);
        if (feature.IsProvisional)
        {
            held.Forget(feature.Session);
        }
    }

    private Task IssueAsync(HttpContext context, OwnedSessionFeature feature, bool isNew, bool isStale)
    {
        if (!fence.IsOpen(feature.Session))
        {
            return RefuseUnlessOpenAsync(context, feature, () => IssueByMethodAsync(context, feature, isNew, isStale));
        }

        return feature.Session.IsEnded ? EndAsync(context, feature) : IssueByMethodAsync(context, feature, isNew, isStale);
    }

    private Task IssueByMethodAsync(HttpContext context, OwnedSessionFeature feature, bool isNew, bool isStale)
    {
        if (!feature.IsProvisional && responses.EndSession(context, feature.Policy))
        {
            feature.End();
            return EndAsync(context, feature);
        }

        switch (feature.Policy.Method)
        {
            case StickyMethod.Insert when isStale:
                Issue(context, feature, isNew);
                return Task.CompletedTask;
            case StickyMethod.Rewrite or StickyMethod.Learn:
                return BindAsync(context, feature, reissue: isStale && !isNew);
            default:
                return Task.CompletedTask;
        }
    }

    /// <summary>Runs the application, and binds the token that the body of its response gives out before the client gets to see it.</summary>
    public Task LearnFromBodyAsync(HttpContext context, OwnedSessionFeature feature, RequestDelegate next)
        => LearntBody.RunAsync(context, body => responses.BindBodyAsync(context, feature, body), next);

    /// <summary>Where a client that keeps no cookies finds its new session.</summary>
    public string AddressOf(HttpContext context, OwnedSessionFeature feature, string path)
    {
        feature.Keep();
        return cookies.Address(context, feature.Policy, TokenOf(feature.Session), path);
    }

    private StickyToken TokenOf(HeldSession session) => new(session.Id, membership.Self.Tag, session.Epoch, session.Created, time.GetUtcNow());

    /// <summary>The binding is complete before the response leaves.</summary>
    private async Task BindAsync(HttpContext context, OwnedSessionFeature feature, bool reissue)
    {
        if (await TryBindAsync(context, feature) is not { } bound)
        {
            return;
        }

        // That may have taken time: is this node still the owner?
        if (!fence.IsOpen(feature.Session) && await fence.WhyClosedAsync(feature.Session) is { } reason)
        {
            await ReplaceAsync(context, feature, reason);
        }
        else if (bound == BoundTokens.TakenAway && !feature.IsProvisional)
        {
            feature.End();
            await EndAsync(context, feature, isBound: true);
        }
        else if (bound == BoundTokens.None && reissue && CacheabilityRule.TryMakePrivate(context.Response.Headers, time.GetUtcNow()))
        {
            responses.Reissue(context, feature, time.GetUtcNow());
        }
    }

    /// <returns>Null if that could not be recorded, and the response says so now.</returns>
    private async ValueTask<BoundTokens?> TryBindAsync(HttpContext context, OwnedSessionFeature feature)
    {
        try
        {
            return await responses.BindAsync(context, feature);
        }
        catch (DirectoryUnavailableException)
        {
            await ReplaceAsync(context, feature, StickyReasons.DirectoryUnavailable);
            return null;
        }
    }

    private void Issue(HttpContext context, OwnedSessionFeature feature, bool isNew)
    {
        var isAllowed = !(isNew && feature.Policy.PostOnly && IsSafe(context.Request.Method));

        // A response that a shared cache may store cannot carry a token.
        if (isAllowed
            && CacheabilityRule.TryMakePrivate(context.Response.Headers, time.GetUtcNow())
            && cookies.Write(context, feature.Policy, TokenOf(feature.Session)))
        {
            feature.Keep();
        }
    }

    /// <summary>RFC 9110 §9.2.1.</summary>
    private static bool IsSafe(string method)
        => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method) || HttpMethods.IsTrace(method);

    private async Task EndAsync(HttpContext context, OwnedSessionFeature feature, bool isBound = false)
    {
        // Before the response, so that a client that was told so can rely on it. Of one that nobody has a token of there is nothing to say.
        var isRecorded = feature.IsProvisional || await feature.RecordEndAsync(RecordEndAsync);
        if (!isRecorded && feature.Session.PrefersConsistency)
        {
            await ReplaceAsync(context, feature, StickyReasons.DirectoryUnavailable);
            return;
        }

        // That took time: is this node still the owner?
        if (!fence.IsOpen(feature.Session) && await fence.WhyClosedAsync(feature.Session) is { } reason)
        {
            await ReplaceAsync(context, feature, reason);
            return;
        }

        // What the same response gives out begins another session.
        if (feature.Policy.ReadsResponses && !isBound && (await TryBindAsync(context, feature))?.HasFlag(BoundTokens.GivenOut) != false)
        {
            return;
        }

        if (feature.Policy.Method != StickyMethod.Hash && CacheabilityRule.TryMakePrivate(context.Response.Headers, time.GetUtcNow()))
        {
            cookies.Delete(context, feature.Policy);
        }
    }

    /// <summary>
    /// The application ends the session. A hashed one begins again with the next request of its token, and does not wait for this one's response.
    /// </summary>
    public void End(OwnedSessionFeature feature)
    {
        feature.Session.End();
        if (feature.Policy.Method == StickyMethod.Hash)
        {
            held.Forget(feature.Session);
        }
    }

    /// <returns>Whether there is a tombstone.</returns>
    private async Task<bool> RecordEndAsync(OwnedSessionFeature feature)
    {
        if (feature.Policy.Method == StickyMethod.Hash)
        {
            // The token stays what it is, a user's name for instance, and so names the next session too.
            return true;
        }

        try
        {
            await directory.EndAsync(feature.Session.Id, feature.Session.Epoch, feature.Policy.AbsoluteTimeout, CancellationToken.None);
            return true;
        }
        catch (DirectoryUnavailableException unavailable)
        {
            EndNotRecorded(logger, feature.SessionId, unavailable.Message);
            return false;
        }
    }

    [LoggerMessage(StickyEventIds.Middleware + 11, LogLevel.Warning,
        "A request of session {Session} ran, but its answer was not given: {Reason}. Another node may own the session.")]
    private static partial void NotAnswered(ILogger logger, string session, string reason);

    [LoggerMessage(StickyEventIds.Middleware + 10, LogLevel.Warning,
        "Session {Session} has ended here, but that could not be recorded: {Reason} Its old token may start it again, empty, at another node.")]
    private static partial void EndNotRecorded(ILogger logger, string session, string reason);
}
