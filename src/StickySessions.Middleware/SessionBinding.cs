using Microsoft.AspNetCore.Http;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.State;
using StickySessions.Tokens;

namespace StickySessions;

/// <summary>
/// What the owner does to a response: it issues or renews the session token, or has it taken away when the session has ended. And what
/// it does when the request is over.
/// </summary>
internal sealed class SessionBinding(
    SessionCookie cookies,
    ResponseTokens responses,
    IClusterMembership membership,
    HeldSessions held,
    ResponseFence responseFence,
    SessionEnding ending,
    RunningCount running,
    RequestJourneys journeys,
    TimeProvider time,
    SessionStates? states = null)
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
        feature.Binding.AttachState(context, feature);
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
        if (!responseFence.IsOpen(feature))
        {
            return RefuseUnlessOpenAsync(context, feature, issue: null);
        }

        return feature.Session.IsEnded ? ending.TellAsync(context, feature) : Task.CompletedTask;
    }

    private async Task RefuseUnlessOpenAsync(HttpContext context, OwnedSessionFeature feature, Func<Task>? issue)
    {
        if (await responseFence.RefusesAsync(context, feature))
        {
            return;
        }

        if (feature.Session.IsEnded)
        {
            await ending.TellAsync(context, feature);
        }
        else if (issue is not null)
        {
            await issue();
        }
    }

    private static Task Exit(object state)
    {
        var context = (HttpContext)state;
        var feature = OwnedSessionFeature.Of(context)!;
        feature.Session.Requests.Remove(context);
        feature.Binding.Leave(context, feature);
        return feature is { IsProvisional: false, Session.IsEnded: true } ? feature.Binding.RecordEndAsync(feature) : Task.CompletedTask;
    }

    private Task<bool> RecordEndAsync(OwnedSessionFeature feature) => ending.RecordAsync(feature);

    private void CountIn() => running.Enter();

    private void AttachState(HttpContext context, OwnedSessionFeature feature) => states?.Attach(context, feature);

    private void Leave(HttpContext context, OwnedSessionFeature feature)
    {
        journeys.LeavesSession(context, feature.Policy);
        running.Exit();
        held.Exit(feature.Session);
        if (feature.IsProvisional)
        {
            held.Forget(feature.Session);
        }
        else
        {
            states?.Leave(feature.Session);
        }
    }

    private Task IssueAsync(HttpContext context, OwnedSessionFeature feature, bool isNew, bool isStale)
    {
        if (!responseFence.IsOpen(feature))
        {
            return RefuseUnlessOpenAsync(context, feature, () => IssueByMethodAsync(context, feature, isNew, isStale));
        }

        return feature.Session.IsEnded ? ending.TellAsync(context, feature) : IssueByMethodAsync(context, feature, isNew, isStale);
    }

    private Task IssueByMethodAsync(HttpContext context, OwnedSessionFeature feature, bool isNew, bool isStale)
    {
        if (!feature.IsProvisional && ending.IsSaidBy(context, feature.Policy))
        {
            feature.End();
            return ending.TellAsync(context, feature);
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
        => LearntBody.RunAsync(context, body => responses.TryBindBodyAsync(context, feature, body), next);

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
        if (await responses.TryBindAsync(context, feature) is not { } bound)
        {
            return;
        }

        if (bound == BoundTokens.TakenAway && !feature.IsProvisional)
        {
            feature.End();
            await ending.TellAsync(context, feature, isBound: true);
        }
        else if (bound == BoundTokens.None && reissue && CacheabilityRule.TryMakePrivate(context.Response.Headers, time.GetUtcNow()))
        {
            responses.Reissue(context, feature, time.GetUtcNow());
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

    /// <inheritdoc cref="SessionEnding.End"/>
    public void End(OwnedSessionFeature feature) => ending.End(feature);
}
