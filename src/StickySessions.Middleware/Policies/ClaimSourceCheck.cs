using System.Globalization;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Tokens;

namespace StickySessions.Policies;

/// <summary>Finds policies that ask for claims in an application in which nobody ever has any. Otherwise each of their requests would fail.</summary>
internal static class ClaimSourceCheck
{
    /// <param name="policies">The policies.</param>
    /// <param name="registered">What is registered; null if nobody knows.</param>
    public static IEnumerable<string> Problems(IEnumerable<PolicySettings> policies, IServiceProviderIsService? registered)
        => registered is null || registered.IsService(typeof(IAuthenticationService))
            ? []
            : from policy in policies
              from source in policy.Options.Sources.Index()
              where source.Item.Kind == StickyTokenSourceKind.Claim
              select string.Create(
                  CultureInfo.InvariantCulture,
                  $"{policy.Section}:Sources:{source.Index}:Kind is Claim, but no services of authentication are registered, so no user has claims: call builder.Services.AddAuthentication(…), or choose another kind.");
}
