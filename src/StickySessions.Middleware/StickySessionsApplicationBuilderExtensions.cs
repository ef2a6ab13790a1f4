using Microsoft.Extensions.DependencyInjection;
using StickySessions;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Puts sticky sessions into an application's pipeline.</summary>
public static class StickySessionsApplicationBuilderExtensions
{
    private const string AlreadyUsed = "StickySessions.Used";

    /// <summary>
    /// From here on each request runs on the node that owns its session. Place it after <c>UseForwardedHeaders</c> and before
    /// everything that must run once (compression, authentication, session, endpoints). Calling it again adds nothing twice.
    /// </summary>
    /// <exception cref="InvalidOperationException"><c>AddStickySessions</c> was not called, or an option is wrong.</exception>
    public static IApplicationBuilder UseStickySessions(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        if (app.ApplicationServices.GetService<OptionsCheck>() is null)
        {
            throw new InvalidOperationException(
                "UseStickySessions needs its services: call builder.Services.AddStickySessions() before the application is built.");
        }

        return app.Properties.TryAdd(AlreadyUsed, true) ? app.UseMiddleware<StickySessionsMiddleware>() : app;
    }
}
