using System.Net;
using Microsoft.AspNetCore.Http;

namespace StickySessions;

/// <summary>A request by whoever runs the nodes.</summary>
internal static class OperatorRequest
{
    /// <param name="context">The request.</param>
    /// <param name="isAllowed">Who may ask; null for connections from this machine.</param>
    public static bool IsAllowed(HttpContext context, Func<HttpContext, bool>? isAllowed)
        => !IsByAnotherSite(context.Request) && (isAllowed ?? IsOnThisMachine)(context);

    /// <summary>What the connection says: a balancer on this machine makes everybody look local.</summary>
    private static bool IsOnThisMachine(HttpContext context)
        => context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address);

    /// <summary>A page that somebody looks at on this machine is no operator (Fetch Metadata).</summary>
    private static bool IsByAnotherSite(HttpRequest request) => request.Headers["Sec-Fetch-Site"] is [{ } site] && site is not ("same-origin" or "none");
}
