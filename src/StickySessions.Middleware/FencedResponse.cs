using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using StickySessions.Diagnostics;

namespace StickySessions;

/// <summary>
/// Says 503 in place of what the application has begun to answer, from within <c>OnStarting</c>. Servers let a callback write: that
/// starts the response, and it is complete then. What the application writes later goes to a <see cref="FencedBody"/>; only the write
/// that began the response, if one did and not merely a start or a flush, is under way in the server already and fails. Where that
/// cannot be done, the client's connection or stream breaks off.
/// </summary>
internal static class FencedResponse
{
    /// <summary>A client that does not read must not hold up the end of its request.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="context">The request.</param>
    /// <param name="body">The server's own, below all that the application may have put before it.</param>
    /// <param name="reason">Why the application's answer may not be given.</param>
    /// <param name="time">The clock.</param>
    public static async Task WriteAsync(HttpContext context, IHttpResponseBodyFeature body, string reason, TimeProvider time)
    {
        if (context.Response.HasStarted || IsUpgrade(context) || HasUnsentBytes(body))
        {
            context.Abort();
            return;
        }

        // Not the request's own token: a time limit of the application may have cancelled it, or this node, since the session was lost.
        // If the connection is gone, the server drops what is written.
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            await StickyProblem.WriteAsync(
                context, body.Stream, StatusCodes.Status503ServiceUnavailable, reason, StickyReasonDetails.Of(reason), node: null,
                StickyReasonDetails.RetryAfter(reason), closes: IsAloneOnConnection(context), patience.Token);
            await body.CompleteAsync();
        }
        catch (Exception failure) when (failure is OperationCanceledException or IOException)
        {
            // The client's own doing, and it is gone or will not get it.
            context.Abort();
        }
        catch (Exception)
        {
            context.Abort();
            throw;
        }
    }

    /// <summary>Before HTTP/2. The application may run on, and the connection's next request would wait for it.</summary>
    private static bool IsAloneOnConnection(HttpContext context) => context.Features.Get<IHttpResetFeature>() is null;

    /// <summary>From here on both sides would speak at will.</summary>
    private static bool IsUpgrade(HttpContext context)
        => context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
            || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };

    /// <summary>
    /// Written to the server's buffer before the response began (as JSON is), they would be sent first and cannot be taken back.
    /// </summary>
    private static bool HasUnsentBytes(IHttpResponseBodyFeature body) => body.Writer is { CanGetUnflushedBytes: true, UnflushedBytes: > 0 };
}
