using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace StickySessions.Forwarding;

/// <summary>
/// The cookies that the owner sets in its answer to a forwarded request. What stands before <c>UseStickySessions</c> has run at this node too and may add its
/// own when the response begins: authentication renews a sign-in that the owner has just ended.
/// </summary>
internal sealed class OwnersCookies(StringValues cookies)
{
    /// <summary>To be called outermost in the pipeline: what is registered first runs last.</summary>
    public static void Guard(HttpContext context) => context.Response.OnStarting(Restore, context);

    /// <summary>The answer was copied to the response.</summary>
    public static void Keep(HttpContext context) => context.Features.Set(new OwnersCookies(context.Response.Headers.SetCookie));

    private static Task Restore(object state)
    {
        var context = (HttpContext)state;
        if (context.Features.Get<OwnersCookies>() is { } owners)
        {
            context.Response.Headers.SetCookie = owners.Cookies;
        }

        return Task.CompletedTask;
    }

    private StringValues Cookies => cookies;
}
