using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace StickySessions.Forwarding;

/// <summary>
/// Inside the framework's own startup filters, which have seen the host as it arrived: from here on a forwarded request has the host
/// that <c>UseForwardedHeaders</c> made of it at the ingress node, so that the owner's redirections go there too.
/// </summary>
internal sealed class OriginalHostFilter : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(pipeline => context =>
        {
            if (context.Features.Get<IForwardedRequestFeature>() is ForwardedRequest { Original.ArrivedHost: not null } forwarded)
            {
                context.Request.Headers.Host = forwarded.Original.Host;
            }

            return pipeline(context);
        });
        next(app);
    };
}
