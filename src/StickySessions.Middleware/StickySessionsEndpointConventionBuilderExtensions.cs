using StickySessions.Policies;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Says which endpoints are sticky. The metadata added last wins.</summary>
public static class StickySessionsEndpointConventionBuilderExtensions
{
    /// <summary>
    /// Requests to these endpoints reach the node that owns their session under the default policy, even if it is not sticky by default.
    /// </summary>
    public static TBuilder RequireStickySession<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
        => builder.WithMetadata(new RequireStickySessionAttribute());

    /// <summary>Requests to these endpoints reach the node that owns their session under the named policy.</summary>
    /// <param name="builder">An endpoint, a group, a hub, Razor components, controllers.</param>
    /// <param name="policy">The policy's name; one that does not exist stops the start.</param>
    public static TBuilder RequireStickySession<TBuilder>(this TBuilder builder, string policy)
        where TBuilder : IEndpointConventionBuilder
        => builder.WithMetadata(new RequireStickySessionAttribute(policy));

    /// <summary>Any node answers requests to these endpoints; they neither need nor start a session.</summary>
    public static TBuilder DisableStickySession<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
        => builder.WithMetadata(new DisableStickySessionAttribute());

    /// <summary>
    /// Requests to these endpoints run one after the other with others of their session that do, or, with false, beside all others, whatever their
    /// policy's <see cref="StickyPolicyOptions.OneAtATime"/> says.
    /// </summary>
    /// <param name="builder">An endpoint, a group, a hub, Razor components, controllers.</param>
    /// <param name="isSerialized">Whether they run one after the other.</param>
    public static TBuilder SerializeStickySession<TBuilder>(this TBuilder builder, bool isSerialized = true)
        where TBuilder : IEndpointConventionBuilder
        => builder.WithMetadata(new SerializeStickySessionAttribute(isSerialized));
}
