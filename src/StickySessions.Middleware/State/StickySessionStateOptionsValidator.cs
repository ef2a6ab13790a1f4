using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace StickySessions.State;

/// <summary>Finds all that is wrong with the options of state at once; each message has the configuration key, the value and the remedy.</summary>
internal sealed class StickySessionStateOptionsValidator(IServiceProviderIsService registered) : IValidateOptions<StickySessionStateOptions>
{
    private const string Section = "StickySessions:State";

    public ValidateOptionsResult Validate(string? name, StickySessionStateOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        CheckRange(errors, nameof(options.MaxEntries), options.MaxEntries, 1, 10_000);
        CheckRange(errors, nameof(options.MaxBytes), options.MaxBytes, 1024, 15 * 1024 * 1024);
        CheckRange(errors, nameof(options.MaxLag), options.MaxLag, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1));
        CheckRange(errors, nameof(options.WriteTimeout), options.WriteTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        CheckRange(errors, nameof(options.ExportInterval), options.ExportInterval ?? TimeSpan.FromDays(1), TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        CheckRange(errors, nameof(options.SchemaVersion), options.SchemaVersion, 0, int.MaxValue);
        CheckRange(errors, nameof(options.CompressFrom), options.CompressFrom, 0, int.MaxValue);
        CheckRange(errors, nameof(options.RebalanceAbove), options.RebalanceAbove ?? 100, 1.01, 100);
        CheckRange(errors, nameof(options.RebalanceRate), options.RebalanceRate, 1, 10_000);
        if (options.Encrypt && !registered.IsService(typeof(IDataProtectionProvider)))
        {
            errors.AddError($"{Section}:Encrypt is true, but no Data Protection is registered: call builder.Services.AddDataProtection() with keys that all nodes share, or set it to false.");
        }

        if (options.ImportStockSession && !(registered.IsService(typeof(IDistributedCache)) && registered.IsService(typeof(IDataProtectionProvider))))
        {
            errors.AddError($"{Section}:ImportStockSession is true, but there is no distributed cache, or no Data Protection, to read sessions from: keep AddSession and the cache that it used, or set it to false.");
        }

        return errors.Build();
    }

    private static void CheckRange<T>(ValidateOptionsResultBuilder errors, string property, T value, T least, T most)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            errors.AddError(FormattableString.Invariant($"{Section}:{property} is {value}: choose {least} to {most}."));
        }
    }
}
