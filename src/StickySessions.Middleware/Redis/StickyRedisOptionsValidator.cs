using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace StickySessions.Redis;

/// <summary>Says everything that is wrong at once: the value, its configuration key, and the remedy.</summary>
internal sealed class StickyRedisOptionsValidator : IValidateOptions<StickyRedisOptions>
{
    private const string Section = "StickySessions:Redis";

    public ValidateOptionsResult Validate(string? name, StickyRedisOptions options)
    {
        if (options.Configuration is null)
        {
            return ValidateOptionsResult.Skip;
        }

        var errors = new ValidateOptionsResultBuilder();
        if (!IsConnectionString(options.Configuration))
        {
            // The value may hold a password: it is not repeated.
            errors.AddError(
                $"{Section}:Configuration is no connection string of StackExchange.Redis with at least one endpoint. Set it to host:port, for instance redis-1:6379.");
        }

        if (!IsClusterName(options.ClusterName))
        {
            errors.AddError(
                $"{Section}:ClusterName is '{options.ClusterName}'. Use 1 to 64 of letters, digits, '-', '_' and '.'.");
        }

        if (options.BeatInterval < TimeSpan.FromMilliseconds(100) || options.BeatInterval > TimeSpan.FromSeconds(10))
        {
            errors.AddError($"{Section}:BeatInterval is {options.BeatInterval}. Use 100 milliseconds to 10 seconds.");
        }

        if (options.Lease < 3 * options.BeatInterval || options.Lease > TimeSpan.FromMinutes(5))
        {
            errors.AddError(
                $"{Section}:Lease is {options.Lease} with a BeatInterval of {options.BeatInterval}. Use at least three beats and at most 5 minutes.");
        }

        return errors.Build();
    }

    private static bool IsClusterName(string? name)
        => name is { Length: > 0 and <= 64 } && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    private static bool IsConnectionString(string text)
    {
        try
        {
            return ConfigurationOptions.Parse(text).EndPoints.Count > 0;
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            return false;
        }
    }
}
