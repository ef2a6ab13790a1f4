using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace StickySessions.Policies;

/// <summary>Finds what is wrong with a policy's cookie.</summary>
internal static class CookieCheck
{
    /// <summary>The characters of a token (RFC 9110 §5.6.2), which is what RFC 6265 §4.1.1 makes a cookie's name of.</summary>
    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <param name="errors">Takes what is wrong.</param>
    /// <param name="section">The policy's configuration section.</param>
    /// <param name="options">The policy.</param>
    public static void Check(ValidateOptionsResultBuilder errors, string section, StickyPolicyOptions options)
    {
        CheckName(errors, section, options.Cookie);
        errors.CheckDefined($"{section}:Cookie:SameSite", options.Cookie.SameSite);
        errors.CheckDefined($"{section}:Cookie:SecurePolicy", options.Cookie.SecurePolicy);
        CheckSecurity(errors, section, options);
        CheckScope(errors, section, options.Cookie);
        CheckPositive(errors, section, "MaxAge", options.Cookie.MaxAge);
        CheckPositive(errors, section, "Expiration", options.Cookie.Expiration);
    }

    private static void CheckName(ValidateOptionsResultBuilder errors, string section, CookieBuilder cookie)
    {
        if (string.IsNullOrEmpty(cookie.Name) || cookie.Name.AsSpan().ContainsAnyExcept(NameCharacters))
        {
            errors.AddError(
                $"{section}:Cookie:Name is \"{cookie.Name}\", which is no cookie name (RFC 6265): use letters, digits and any of !#$%&'*+-.^_`|~.");
        }
    }

    private static void CheckSecurity(ValidateOptionsResultBuilder errors, string section, StickyPolicyOptions options)
    {
        var cookie = options.Cookie;
        if (cookie.SecurePolicy == CookieSecurePolicy.Always)
        {
            return;
        }

        var remedy = $", which browsers accept only on secure cookies: set {section}:Cookie:SecurePolicy, now {cookie.SecurePolicy}, to Always.";
        if (HasPrefix(cookie, "__Host-") || HasPrefix(cookie, "__Secure-"))
        {
            errors.AddError($"{section}:Cookie:Name is \"{cookie.Name}\"{remedy}");
        }

        if (options.Partitioned)
        {
            errors.AddError($"{section}:Partitioned is true{remedy}");
        }

        if (cookie.SameSite == SameSiteMode.None)
        {
            errors.AddError($"{section}:Cookie:SameSite is None{remedy}");
        }
    }

    private static void CheckScope(ValidateOptionsResultBuilder errors, string section, CookieBuilder cookie)
    {
        if (cookie.Path is { } path && !IsPath(path))
        {
            errors.AddError($"{section}:Cookie:Path is \"{path}\": a path begins with / and has neither ; nor control characters.");
        }

        if (!HasPrefix(cookie, "__Host-"))
        {
            return;
        }

        if (cookie.Path is not (null or "/"))
        {
            errors.AddError($"{section}:Cookie:Path is \"{cookie.Path}\", but the name \"{cookie.Name}\" needs the path /: remove one of the two.");
        }

        if (!string.IsNullOrEmpty(cookie.Domain))
        {
            errors.AddError($"{section}:Cookie:Domain is \"{cookie.Domain}\", but the name \"{cookie.Name}\" allows no domain: remove one of the two.");
        }
    }

    private static void CheckPositive(ValidateOptionsResultBuilder errors, string section, string property, TimeSpan? value)
    {
        if (value <= TimeSpan.Zero)
        {
            errors.AddError($"{section}:Cookie:{property} is {value}: choose a positive time, or none for a cookie that ends with the browser.");
        }
    }

    private static bool IsPath(string path) => path.StartsWith('/') && !path.Any(c => c == ';' || char.IsControl(c));

    /// <summary>Browsers compare these prefixes without regard to case.</summary>
    private static bool HasPrefix(CookieBuilder cookie, string prefix)
        => cookie.Name?.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) == true;
}
