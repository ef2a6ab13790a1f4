using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using StickySessions.Diagnostics;
using StickySessions.Policies;
using StickySessions.State;

namespace StickySessions;

/// <summary>
/// What a response waits for: that the state which it may tell of is stored, and then a look at the fence. If this node may not answer any more, the
/// response says that in place of the application.
/// </summary>
internal sealed partial class ResponseFence(SessionFence fence, TimeProvider time, ILogger<ResponseFence> logger, SessionStates? states = null)
{
    /// <summary>The cheap look, which suffices for most requests: if it is true, <see cref="RefusesAsync"/> would not refuse.</summary>
    public bool IsOpen(OwnedSessionFeature feature) => fence.IsOpen(feature.Session) && !MustStore(feature);

    /// <returns>Whether the response was replaced: nothing more is to be done to it.</returns>
    public async ValueTask<bool> RefusesAsync(HttpContext context, OwnedSessionFeature feature)
    {
        // The fence comes last: storing takes time.
        var reason = MustStore(feature) ? await states!.StoreAsync(feature.Session) : null;
        if (reason is null && !fence.IsOpen(feature.Session))
        {
            reason = await fence.WhyClosedAsync(feature.Session);
        }

        if (reason is null)
        {
            return false;
        }

        await ReplaceAsync(context, feature, reason);
        return true;
    }

    /// <summary>A session that no token names yet gets none by this method, or gets it later than here.</summary>
    private static bool MustStore(OwnedSessionFeature feature)
        => SessionStates.MustStore(feature.Session)
            && !feature.Session.IsEnded
            && (!feature.IsProvisional || feature.Policy.Method == StickyMethod.Insert);

    public async Task ReplaceAsync(HttpContext context, OwnedSessionFeature feature, string reason)
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

    [LoggerMessage(StickyEventIds.Middleware + 11, LogLevel.Warning,
        "A request of session {Session} ran, but its answer was not given: {Reason}. Another node may own the session.")]
    private static partial void NotAnswered(ILogger logger, string session, string reason);
}
