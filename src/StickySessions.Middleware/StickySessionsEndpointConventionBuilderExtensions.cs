using StickySessions.Policies;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Says which endpoints are sticky. The metadata added last wins.</summary>
public static class StickySessionsEndpointConventionBuilderExtensions
{
    /// <summary>Requests to these endpoints reach the node that owns their session, even if the policy is not sticky by default.</summary>
    public static TBuilder RequireStickySession<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
        => builder.WithMetadata(new RequireStickySessionAttribute());

    /// <summary>Any node answers requests to these endpoints; they neither need nor start a session.</summary>
    public static TBuilder DisableStickySession<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
        => builder.WithMetadata(new DisableStickySessionAttribute());
}
