using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using StickySessions.Diagnostics;

namespace StickySessions;

/// <summary>The look at the fence before a response begins: if this node may not answer any more, the response says that in place of the application.</summary>
internal sealed partial class ResponseFence(SessionFence fence, TimeProvider time, ILogger<ResponseFence> logger)
{
    /// <returns>Whether the response was replaced: nothing more is to be done to it.</returns>
    public async ValueTask<bool> RefusesAsync(HttpContext context, OwnedSessionFeature feature)
    {
        if (fence.IsOpen(feature.Session) || await fence.WhyClosedAsync(feature.Session) is not { } reason)
        {
            return false;
        }

        await ReplaceAsync(context, feature, reason);
        return true;
    }

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
