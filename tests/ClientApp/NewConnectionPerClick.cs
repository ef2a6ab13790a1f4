using Microsoft.Net.Http.Headers;

namespace StickySessions.Tests.ClientApp;

/// <summary>
/// Browsers (only they send <c>Sec-Fetch-Site</c>) keep their connections, and a balancer of connections would send all that one does to
/// one node. Here they connect again for each request.
/// </summary>
internal static class NewConnectionPerClick
{
    // Before sticky sessions: it is about the connection to this node, not about who answers.
    public static void UseNewConnectionPerClick(this WebApplication app) => app.Use((context, next) =>
    {
        var headers = context.Request.Headers;
        if (context.Request.Protocol == HttpProtocol.Http11 && headers.ContainsKey("Sec-Fetch-Site") && !headers.ContainsKey(HeaderNames.Upgrade))
        {
            context.Response.OnStarting(
                static state =>
                {
                    ((HttpResponse)state).Headers.Connection = "close";
                    return Task.CompletedTask;
                },
                context.Response);
        }

        return next(context);
    });
}
