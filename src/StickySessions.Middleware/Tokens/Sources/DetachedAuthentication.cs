using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Features.Authentication;
using Microsoft.Extensions.DependencyInjection;

namespace StickySessions.Tokens;

/// <summary>
/// Finds out who the user is without any effect on the request or its response. A handler of authentication remembers the context for
/// which it was made and adds to its response: a cookie that slides would be renewed here and by the owner, and here even if the owner
/// has just signed the user out. So it gets a response that is never sent, and a scope of its own, since handlers are kept per scope.
/// </summary>
internal sealed class DetachedAuthentication(string? scheme, string purpose)
{
    /// <exception cref="InvalidOperationException">The application has no authentication, or no such scheme.</exception>
    public async Task<ClaimsPrincipal?> AuthenticateAsync(HttpContext context)
    {
        await using var scope = context.RequestServices.CreateAsyncScope();
        var service = scope.ServiceProvider.GetService<IAuthenticationService>() ?? throw new InvalidOperationException(
            $"{purpose} needs authentication, but no services of authentication are registered. Call builder.Services.AddAuthentication(…), or choose another source.");

        var result = await service.AuthenticateAsync(Detach(context, scope.ServiceProvider), scheme);
        return result.Succeeded ? result.Principal : null;
    }

    private static DefaultHttpContext Detach(HttpContext context, IServiceProvider services)
    {
        var features = new FeatureCollection(context.Features);
        features.Set<IHttpResponseFeature>(new HttpResponseFeature());
        features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(Stream.Null));
        features.Set<IHttpAuthenticationFeature>(new HttpAuthenticationFeature { User = context.User });
        features.Set<IResponseCookiesFeature>(new ResponseCookiesFeature(features));
        features.Set<IServiceProvidersFeature>(new RequestServicesOf(services));
        return new DefaultHttpContext(features);
    }

    private sealed class RequestServicesOf(IServiceProvider services) : IServiceProvidersFeature
    {
        public IServiceProvider RequestServices { get; set; } = services;
    }
}
