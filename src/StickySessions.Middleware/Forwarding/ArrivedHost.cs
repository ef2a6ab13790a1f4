using Microsoft.AspNetCore.Http;

namespace StickySessions.Forwarding;

/// <summary>
/// The host of a request as it arrived, kept while <c>UseForwardedHeaders</c> may change it: the owner's host filtering must see what
/// the ingress node's did. The header in which that middleware keeps it does not do, since a client can make it up.
/// </summary>
internal sealed class ArrivedHost(string value)
{
    public string Value => value;

    public static void Keep(HttpContext context, string forwardedHostHeader)
    {
        if (context.Request.Headers.ContainsKey(forwardedHostHeader))
        {
            context.Features.Set(new ArrivedHost(context.Request.Headers.Host.ToString()));
        }
    }
}
