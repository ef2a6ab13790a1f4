using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StickySessions;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.State;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Adds endpoints for whoever runs the nodes.</summary>
public static class StickySessionsEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Maps a POST that drains this node, for a hook which runs before the process is told to stop, as <c>preStop</c> of Kubernetes does.
    /// It is answered 202 at once; with <c>?wait=true</c> 204 when the drain is over; with <c>?stop=true</c> the process stops afterwards.
    /// Without that, a node which has drained goes on forwarding requests and takes no new sessions until it is stopped. The endpoint is
    /// never sticky.
    /// </summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="pattern">Its path, for instance <c>/drain</c>.</param>
    /// <param name="isAllowed">
    /// Who may ask; everyone else is answered 403. Default: connections from this machine, so not through a balancer that runs on it.
    /// </param>
    /// <exception cref="InvalidOperationException"><c>AddStickySessions</c> was not called.</exception>
    public static IEndpointConventionBuilder MapStickySessionsDrain(
        this IEndpointRouteBuilder endpoints, string pattern, Func<HttpContext, bool>? isAllowed = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(pattern);
        var services = endpoints.ServiceProvider;
        if (services.GetService<OptionsCheck>() is null)
        {
            throw new InvalidOperationException(
                "MapStickySessionsDrain needs its services: call builder.Services.AddStickySessions() before the application is built.");
        }

        // Only with the first request: an application whose options are wrong must come to the check of them.
        var endpoint = new Lazy<DrainEndpoint>(() => new DrainEndpoint(
            services.GetRequiredService<NodeDrain>(), services.GetRequiredService<IHostApplicationLifetime>(), isAllowed));
        return endpoints.MapPost(pattern, context => endpoint.Value.HandleAsync(context)).DisableStickySession();
    }

    /// <summary>
    /// Maps a POST that moves one session, state included, from the node that is asked to another active one: <c>/sessions/{session}/move?to=web-2</c>. Answered 204
    /// once it has moved, 409 <c>session-elsewhere</c> with the name of its owner, which is to be asked then, or 409 <c>session-stays</c> if requests ran in it for more
    /// than 3 seconds. The endpoint is never sticky.
    /// </summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="pattern">Its path, with the route value <c>session</c>: the id that <see cref="IStickySessionFeature.SessionId"/> and the logs have.</param>
    /// <param name="isAllowed">Who may ask; everyone else is answered 403. Default: connections from this machine.</param>
    /// <exception cref="InvalidOperationException"><c>AddStickySessionState</c> was not called.</exception>
    public static IEndpointConventionBuilder MapStickySessionsMove(
        this IEndpointRouteBuilder endpoints, string pattern, Func<HttpContext, bool>? isAllowed = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(pattern);
        var services = endpoints.ServiceProvider;
        if (!services.GetRequiredService<IServiceProviderIsService>().IsService(typeof(SessionHandOff)))
        {
            throw new InvalidOperationException(
                "MapStickySessionsMove needs the state of sessions: call builder.Services.AddStickySessionState() before the application is built.");
        }

        var endpoint = new Lazy<MoveEndpoint>(() => new MoveEndpoint(
            services.GetRequiredService<HeldSessions>(),
            services.GetRequiredService<SessionHandOff>(),
            services.GetRequiredService<IOwnershipDirectory>(),
            services.GetRequiredService<IClusterMembership>(),
            isAllowed,
            services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping));
        return endpoints.MapPost(pattern, context => endpoint.Value.HandleAsync(context)).DisableStickySession();
    }
}
