using StickySessions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the readiness of this node to the application's health checks.</summary>
public static class StickySessionsHealthChecksBuilderExtensions
{
    /// <summary>
    /// Adds a check, tagged <c>ready</c>: unhealthy while the node starts or drains, so that balancers take it out of rotation;
    /// degraded with a reason when something is wrong that can heal, for instance Redis is away.
    /// </summary>
    public static IHealthChecksBuilder AddStickySessions(this IHealthChecksBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddCheck<ReadinessCheck>("stickysessions", tags: ["ready"]);
    }
}
