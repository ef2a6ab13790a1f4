using Microsoft.Extensions.Options;

namespace StickySessions.Cluster;

/// <summary>Says everything that is wrong at once: the value, its configuration key, and the remedy.</summary>
internal sealed class StickyNodeOptionsValidator : IValidateOptions<StickyNodeOptions>
{
    private const string Section = "StickySessions:Node";

    public ValidateOptionsResult Validate(string? name, StickyNodeOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        if (!IsNodeName(options.Name))
        {
            errors.AddError($"{Section}:Name is '{options.Name}'. Use 1 to 64 of letters, digits, '-', '_' and '.'.");
        }

        if (options.PublicAddress is { } address && !IsHttpAddress(address))
        {
            errors.AddError($"{Section}:PublicAddress is '{address}'. Use an address like http://10.0.0.5:8080.");
        }

        if (options.Weight is < 1 or > 10_000)
        {
            errors.AddError($"{Section}:Weight is {options.Weight}. Use 1 to 10,000.");
        }

        if (options.DrainDelay < TimeSpan.Zero || options.DrainDelay > TimeSpan.FromMinutes(10))
        {
            errors.AddError($"{Section}:DrainDelay is {options.DrainDelay}. Use 0 to 10 minutes.");
        }

        return errors.Build();
    }

    internal static bool IsNodeName(string? name)
        => name is { Length: > 0 and <= 64 } && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    internal static bool IsHttpAddress(Uri address)
        => address is { IsAbsoluteUri: true, Scheme: "http" or "https", Host.Length: > 0, PathAndQuery: "/", UserInfo: "" };
}
