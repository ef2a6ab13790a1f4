using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using StickySessions.Diagnostics;

namespace StickySessions;

/// <summary>
/// Says 503 in place of what the application has begun to answer, from within <c>OnStarting</c>. Servers let a callback write: that
/// starts the response, and as it is complete then, whatever the application writes later fails. Where that cannot be done, the
/// client's connection or stream breaks off.
/// </summary>
internal static class FencedResponse
{
    /// <param name="context">The request.</param>
    /// <param name="body">The server's own, below all that the application may have put before it.</param>
    /// <param name="reason">Why the application's answer may not be given.</param>
    public static async Task WriteAsync(HttpContext context, IHttpResponseBodyFeature body, string reason)
    {
        if (IsUpgrade(context) || HasUnsentBytes(body))
        {
            context.Abort();
            return;
        }

        try
        {
            await StickyProblem.WriteAsync(
                context, body.Stream, StatusCodes.Status503ServiceUnavailable, reason, StickyReasonDetails.Of(reason), node: null,
                StickyReasonDetails.RetryAfter(reason), context.RequestAborted);
            await body.CompleteAsync();
        }
        catch (Exception)
        {
            context.Abort();
            throw;
        }
    }

    /// <summary>From here on both sides would speak at will.</summary>
    private static bool IsUpgrade(HttpContext context)
        => context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
            || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };

    /// <summary>
    /// Written to the server's buffer before the response began (as JSON is), they would be sent first and cannot be taken back.
    /// </summary>
    private static bool HasUnsentBytes(IHttpResponseBodyFeature body) => body.Writer is { CanGetUnflushedBytes: true, UnflushedBytes: > 0 };
}
