using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using StickySessions.Diagnostics;
using StickySessions.Ownership;
using StickySessions.Policies;

namespace StickySessions;

/// <summary>How a session ends: here at once, in the directory before a client is told so, and with its token taken away from the client.</summary>
internal sealed partial class SessionEnding(
    SessionCookie cookies,
    ResponseTokens responses,
    ResponseFence fence,
    HeldSessions held,
    IOwnershipDirectory directory,
    TimeProvider time,
    ILogger<SessionEnding> logger)
{
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

    /// <summary>Whether the response says that the session is over, by what its policy takes for a sign of that.</summary>
    public bool IsSaidBy(HttpContext context, StickyPolicy policy)
    {
        if (policy.EndsWithDelete && HttpMethods.IsDelete(context.Request.Method) && context.Response.StatusCode is >= 200 and < 300)
        {
            return true;
        }

        foreach (var name in policy.EndWithCookies)
        {
            if (IsDeleted(context.Response.Headers.SetCookie, name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Of several that set a cookie the last counts: a response may take it away and give out another.</summary>
    private bool IsDeleted(StringValues headers, string name)
    {
        var isDeleted = false;
        foreach (var header in headers)
        {
            if (SetCookieValue.TryRead(header, name, out var cookie))
            {
                isDeleted = cookie.Deletes(time.GetUtcNow());
            }
        }

        return isDeleted;
    }

    /// <summary>The response of a request in whose session nobody enters any more tells the client so.</summary>
    /// <param name="context">The request.</param>
    /// <param name="feature">Its session.</param>
    /// <param name="isBound">Whether the tokens in the response have been looked at already.</param>
    public async Task TellAsync(HttpContext context, OwnedSessionFeature feature, bool isBound = false)
    {
        // Before the response, so that a client that was told so can rely on it. Of one that nobody has a token of there is nothing to say.
        var isRecorded = feature.IsProvisional || await RecordAsync(feature);
        if (!isRecorded && feature.Session.PrefersConsistency)
        {
            await fence.ReplaceAsync(context, feature, StickyReasons.DirectoryUnavailable);
            return;
        }

        // That took time: is this node still the owner?
        if (await fence.RefusesAsync(context, feature))
        {
            return;
        }

        // What the same response gives out begins another session.
        if (feature.Policy.ReadsResponses && !isBound && (await responses.TryBindAsync(context, feature))?.HasFlag(BoundTokens.GivenOut) != false)
        {
            return;
        }

        if (feature.Policy.Method != StickyMethod.Hash && CacheabilityRule.TryMakePrivate(context.Response.Headers, time.GetUtcNow()))
        {
            cookies.Delete(context, feature.Policy);
        }
    }

    /// <returns>Whether there is a tombstone.</returns>
    public Task<bool> RecordAsync(OwnedSessionFeature feature) => feature.RecordEndAsync(RecordOnceAsync);

    private async Task<bool> RecordOnceAsync(OwnedSessionFeature feature)
    {
        if (feature.Policy.Method == StickyMethod.Hash)
        {
            // The token stays what it is, a user's name for instance, and so names the next session too.
            return true;
        }

        try
        {
            await directory.EndAsync(feature.Session.Id, feature.Session.Epoch, feature.Policy.AbsoluteTimeout, CancellationToken.None);
            feature.Session.EndIsRecorded();
            return true;
        }
        catch (DirectoryUnavailableException unavailable)
        {
            EndNotRecorded(logger, feature.SessionId, unavailable.Message);
            return false;
        }
    }

    [LoggerMessage(StickyEventIds.Middleware + 10, LogLevel.Warning,
        "Session {Session} has ended here, but that could not be recorded: {Reason} Its old token may start it again, empty, at another node.")]
    private static partial void EndNotRecorded(ILogger logger, string session, string reason);
}
