using System.Buffers;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace StickySessions.Policies;

/// <summary>Finds all that is wrong with a policy at once; each message has the configuration key, the value and the remedy.</summary>
internal sealed class StickyPolicyOptionsValidator : IValidateOptions<StickyPolicyOptions>
{
    private const string Section = "StickySessions:Policy";

    private static readonly TimeSpan MinIdleTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxIdleTimeout = TimeSpan.FromDays(30);
    private static readonly TimeSpan MaxAbsoluteTimeout = TimeSpan.FromDays(365);
    private static readonly TimeSpan MinOwnerLostWait = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxOwnerLostWait = TimeSpan.FromMinutes(5);

    /// <summary>The characters of a token (RFC 9110 §5.6.2), which is what RFC 6265 §4.1.1 makes a cookie's name of.</summary>
    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    public ValidateOptionsResult Validate(string? name, StickyPolicyOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        CheckName(errors, options.Cookie);
        CheckSecurity(errors, options);
        CheckScope(errors, options.Cookie);
        CheckLifetimes(errors, options);
        CheckRedisLost(errors, options);
        CheckPlacement(errors, options);
        CheckOwnerLost(errors, options);
        return errors.Build();
    }

    private static void CheckName(ValidateOptionsResultBuilder errors, CookieBuilder cookie)
    {
        if (string.IsNullOrEmpty(cookie.Name) || cookie.Name.AsSpan().ContainsAnyExcept(NameCharacters))
        {
            errors.AddError(
                $"{Section}:Cookie:Name is \"{cookie.Name}\", which is no cookie name (RFC 6265): use letters, digits and any of !#$%&'*+-.^_`|~.");
        }
    }

    private static void CheckSecurity(ValidateOptionsResultBuilder errors, StickyPolicyOptions options)
    {
        var cookie = options.Cookie;
        if (cookie.SecurePolicy == CookieSecurePolicy.Always)
        {
            return;
        }

        var remedy = $", which browsers accept only on secure cookies: set {Section}:Cookie:SecurePolicy, now {cookie.SecurePolicy}, to Always.";
        if (HasPrefix(cookie, "__Host-") || HasPrefix(cookie, "__Secure-"))
        {
            errors.AddError($"{Section}:Cookie:Name is \"{cookie.Name}\"{remedy}");
        }

        if (options.Partitioned)
        {
            errors.AddError($"{Section}:Partitioned is true{remedy}");
        }

        if (cookie.SameSite == SameSiteMode.None)
        {
            errors.AddError($"{Section}:Cookie:SameSite is None{remedy}");
        }
    }

    private static void CheckScope(ValidateOptionsResultBuilder errors, CookieBuilder cookie)
    {
        if (cookie.Path is { } path && !IsPath(path))
        {
            errors.AddError($"{Section}:Cookie:Path is \"{path}\": a path begins with / and has neither ; nor control characters.");
        }

        if (!HasPrefix(cookie, "__Host-"))
        {
            return;
        }

        if (cookie.Path is not (null or "/"))
        {
            errors.AddError($"{Section}:Cookie:Path is \"{cookie.Path}\", but the name \"{cookie.Name}\" needs the path /: remove one of the two.");
        }

        if (!string.IsNullOrEmpty(cookie.Domain))
        {
            errors.AddError($"{Section}:Cookie:Domain is \"{cookie.Domain}\", but the name \"{cookie.Name}\" allows no domain: remove one of the two.");
        }
    }

    private static void CheckLifetimes(ValidateOptionsResultBuilder errors, StickyPolicyOptions options)
    {
        if (options.IdleTimeout < MinIdleTimeout || options.IdleTimeout > MaxIdleTimeout)
        {
            errors.AddError($"{Section}:IdleTimeout is {options.IdleTimeout}: choose {MinIdleTimeout} to {MaxIdleTimeout}.");
        }

        if (options.AbsoluteTimeout < options.IdleTimeout || options.AbsoluteTimeout > MaxAbsoluteTimeout)
        {
            errors.AddError(
                $"{Section}:AbsoluteTimeout is {options.AbsoluteTimeout}: choose at least {Section}:IdleTimeout, now {options.IdleTimeout}, and at most {MaxAbsoluteTimeout}.");
        }

        if (options.FirstRequestTimeout < MinIdleTimeout || options.FirstRequestTimeout > MaxIdleTimeout)
        {
            errors.AddError($"{Section}:FirstRequestTimeout is {options.FirstRequestTimeout}: choose {MinIdleTimeout} to {MaxIdleTimeout}.");
        }

        CheckPositive(errors, "MaxAge", options.Cookie.MaxAge);
        CheckPositive(errors, "Expiration", options.Cookie.Expiration);
    }

    private static void CheckRedisLost(ValidateOptionsResultBuilder errors, StickyPolicyOptions options)
    {
        if (!Enum.IsDefined(options.OnRedisLost))
        {
            errors.AddError($"{Section}:OnRedisLost is {options.OnRedisLost}: choose {nameof(RedisLostBehavior.PreferAvailability)} or {nameof(RedisLostBehavior.PreferConsistency)}.");
        }
    }

    private static void CheckPlacement(ValidateOptionsResultBuilder errors, StickyPolicyOptions options)
    {
        if (!Enum.IsDefined(options.Placement))
        {
            errors.AddError($"{Section}:Placement is {options.Placement}: choose one of {string.Join(", ", Enum.GetNames<PlacementStrategy>())}.");
        }

        if (options.LoadFactor is { } factor and not (>= 1 and <= 100))
        {
            errors.AddError(string.Create(CultureInfo.InvariantCulture, $"{Section}:LoadFactor is {factor}: choose 1 to 100, or none for what fits the placement."));
        }
    }

    private static void CheckOwnerLost(ValidateOptionsResultBuilder errors, StickyPolicyOptions options)
    {
        if (!Enum.IsDefined(options.OnOwnerLost))
        {
            errors.AddError($"{Section}:OnOwnerLost is {options.OnOwnerLost}: choose one of {string.Join(", ", Enum.GetNames<OwnerLostBehavior>())}.");
        }

        if (options.OwnerLostWait < MinOwnerLostWait || options.OwnerLostWait > MaxOwnerLostWait)
        {
            errors.AddError($"{Section}:OwnerLostWait is {options.OwnerLostWait}: choose {MinOwnerLostWait:g} to {MaxOwnerLostWait}.");
        }
    }

    private static void CheckPositive(ValidateOptionsResultBuilder errors, string property, TimeSpan? value)
    {
        if (value <= TimeSpan.Zero)
        {
            errors.AddError($"{Section}:Cookie:{property} is {value}: choose a positive time, or none for a cookie that ends with the browser.");
        }
    }

    private static bool IsPath(string path) => path.StartsWith('/') && !path.Any(c => c == ';' || char.IsControl(c));

    /// <summary>Browsers compare these prefixes without regard to case.</summary>
    private static bool HasPrefix(CookieBuilder cookie, string prefix)
        => cookie.Name?.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) == true;
}
