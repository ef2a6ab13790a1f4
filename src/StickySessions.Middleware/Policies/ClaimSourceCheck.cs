using System.Globalization;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Tokens;

namespace StickySessions.Policies;

/// <summary>Finds policies that ask for claims where nobody can have any. Otherwise each of their requests would fail.</summary>
internal static class ClaimSourceCheck
{
    public static IEnumerable<string> Problems(IEnumerable<PolicySettings> policies, IServiceProvider services)
        => from policy in policies
           from source in policy.Options.Sources.Index()
           where source.Item.Kind == StickyTokenSourceKind.Claim
           let key = string.Create(CultureInfo.InvariantCulture, $"{policy.Section}:Sources:{source.Index}")
           let problem = Problem(key, source.Item.AuthenticationScheme, services)
           where problem is not null
           select problem;

    private static string? Problem(string key, string? scheme, IServiceProvider services)
    {
        if (services.GetService<IServiceProviderIsService>()?.IsService(typeof(IAuthenticationService)) == false)
        {
            return $"{key}:Kind is Claim, but no services of authentication are registered, so no user has claims: call builder.Services.AddAuthentication(…), or choose another kind.";
        }

        if (services.GetService<IAuthenticationSchemeProvider>() is not { } schemes)
        {
            return null;
        }

        // A provider of the application's own may have to ask somebody: that is for its requests, not for the start.
        var found = string.IsNullOrEmpty(scheme) ? schemes.GetDefaultAuthenticateSchemeAsync() : schemes.GetSchemeAsync(scheme);
        if (!found.IsCompletedSuccessfully || found.Result is not null)
        {
            return null;
        }

        return string.IsNullOrEmpty(scheme)
            ? $"{key}:AuthenticationScheme is not set, and the application has no default authentication scheme: add one in builder.Services.AddAuthentication(…){OrOne(schemes)}."
            : $"{key}:AuthenticationScheme is \"{scheme}\", but the application has no such authentication scheme: add it in builder.Services.AddAuthentication(…){OrOne(schemes)}.";
    }

    private static string OrOne(IAuthenticationSchemeProvider schemes)
        => schemes.GetAllSchemesAsync() is { IsCompletedSuccessfully: true, Result: var all } && all.Select(scheme => $"\"{scheme.Name}\"").ToArray() is { Length: > 0 } names
            ? $", or set the key to one of {string.Join(", ", names)}"
            : "";
}
