using Microsoft.Net.Http.Headers;

namespace ShopCart.Shop;

/// <summary>
/// A layer-4 balancer chooses a node per connection, and a browser keeps its connections: a person alone would see one node
/// for minutes. In the demonstration browsers (only they send <c>Sec-Fetch-Site</c>) connect again for each request, as though many
/// people were clicking.
/// </summary>
internal static class NewConnectionPerClick
{
    // Before sticky sessions: it is about the connection to this node, not about who answers.
    public static void UseNewConnectionPerClick(this WebApplication app) => app.Use((context, next) =>
    {
        if (context.Request.Protocol == HttpProtocol.Http11 && context.Request.Headers.ContainsKey("Sec-Fetch-Site"))
        {
            context.Response.OnStarting(
                static state =>
                {
                    ((HttpResponse)state).Headers[HeaderNames.Connection] = "close";
                    return Task.CompletedTask;
                },
                context.Response);
        }

        return next(context);
    });
}
