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

        if (options.DrainTimeout < TimeSpan.FromSeconds(1) || options.DrainTimeout > TimeSpan.FromHours(1))
        {
            errors.AddError($"{Section}:DrainTimeout is {options.DrainTimeout}. Use 1 second to 1 hour.");
        }
        else if (options.DrainDelay >= options.DrainTimeout)
        {
            errors.AddError($"{Section}:DrainDelay is {options.DrainDelay}, and {Section}:DrainTimeout, of which it is a part, {options.DrainTimeout}. Raise the timeout or lower the delay.");
        }

        CheckLoad(errors, options);
        return errors.Build();
    }

    private static void CheckLoad(ValidateOptionsResultBuilder errors, StickyNodeOptions options)
    {
        if (options.SlowStart < TimeSpan.Zero || options.SlowStart > TimeSpan.FromHours(1))
        {
            errors.AddError($"{Section}:SlowStart is {options.SlowStart}. Use 0 to 1 hour.");
        }

        if (options.MaxRequests is < 1 or > 1_000_000)
        {
            errors.AddError($"{Section}:MaxRequests is {options.MaxRequests}. Use 1 to 1,000,000, or none for no limit.");
        }

        if (!Enum.IsDefined(options.WhenFull))
        {
            errors.AddError($"{Section}:WhenFull is {options.WhenFull}. Use one of {string.Join(", ", Enum.GetNames<FullNodeBehavior>())}.");
        }
        else if (options.WhenFull != FullNodeBehavior.Serve && options.MaxRequests is null)
        {
            errors.AddError($"{Section}:WhenFull is {options.WhenFull}, but no number of requests makes this node full. Set {Section}:MaxRequests too.");
        }

        if (options.QueueLimit is < 1 or > 1_000_000)
        {
            errors.AddError($"{Section}:QueueLimit is {options.QueueLimit}. Use 1 to 1,000,000.");
        }

        if (options.QueueTimeout < TimeSpan.FromMilliseconds(10) || options.QueueTimeout > TimeSpan.FromMinutes(5))
        {
            errors.AddError($"{Section}:QueueTimeout is {options.QueueTimeout}. Use 10 milliseconds to 5 minutes.");
        }
    }

    internal static bool IsNodeName(string? name)
        => name is { Length: > 0 and <= 64 } && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    internal static bool IsHttpAddress(Uri address)
        => address is { IsAbsoluteUri: true, Scheme: "http" or "https", Host.Length: > 0, PathAndQuery: "/", UserInfo: "" };
}
