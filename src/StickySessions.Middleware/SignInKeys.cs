using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace StickySessions;

/// <summary>Where the keys are with which this node reads the cookies of a sign-in, as far as it can be known.</summary>
internal static class SignInKeys
{
    /// <summary>The schemes of authentication by cookie that use the application's Data Protection.</summary>
    public static IEnumerable<string> CookieSchemes(IServiceProvider services)
    {
        var provider = services.GetService<IDataProtectionProvider>();
        var cookies = services.GetService<IOptionsMonitor<CookieAuthenticationOptions>>();
        return provider is null || cookies is null
            ? []
            : from scheme in services.GetRequiredService<IOptions<AuthenticationOptions>>().Value.Schemes
              where scheme.HandlerType?.IsAssignableTo(typeof(CookieAuthenticationHandler)) == true
                && ReferenceEquals(cookies.Get(scheme.Name).DataProtectionProvider, provider)
              select scheme.Name;
    }

    /// <returns>
    /// <see cref="KeyPlace.Configured"/> says nothing of who else reads that place: only the application knows.
    /// </returns>
    public static KeyPlace Find(IServiceProvider services)
    {
        if (services.GetService<IDataProtectionProvider>() is EphemeralDataProtectionProvider)
        {
            return KeyPlace.Memory;
        }

        return services.GetService<IOptions<KeyManagementOptions>>()?.Value.XmlRepository is null ? KeyPlace.DefaultFolder : KeyPlace.Configured;
    }
}

/// <summary>Where keys of Data Protection are.</summary>
internal enum KeyPlace
{
    Configured,
    DefaultFolder,
    Memory,
}
