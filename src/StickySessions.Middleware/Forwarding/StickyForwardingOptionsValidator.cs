using Microsoft.Extensions.Options;

namespace StickySessions.Forwarding;

internal sealed class StickyForwardingOptionsValidator : IValidateOptions<StickyForwardingOptions>
{
    private const string Section = "StickySessions:Forwarding:";
    private const int MaxReplayBuffer = 16 * 1024 * 1024;

    public ValidateOptionsResult Validate(string? name, StickyForwardingOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        Between(errors, nameof(options.ConnectTimeout), options.ConnectTimeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1));
        Between(errors, nameof(options.PingInterval), options.PingInterval, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        Between(errors, nameof(options.PingTimeout), options.PingTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        Between(errors, nameof(options.BreakDuration), options.BreakDuration, TimeSpan.FromMilliseconds(500), TimeSpan.FromMinutes(1));
        Between(errors, nameof(options.FailoverTimeout), options.FailoverTimeout, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        if (options.ResponseTimeout != Timeout.InfiniteTimeSpan)
        {
            Between(errors, nameof(options.ResponseTimeout), options.ResponseTimeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromDays(1));
        }

        Between(errors, nameof(options.MaxInFlightPerNode), options.MaxInFlightPerNode, 1, 1_000_000);
        Between(errors, nameof(options.ReplayBufferSize), options.ReplayBufferSize, 0, MaxReplayBuffer);
        return errors.Build();
    }

    private static void Between<T>(ValidateOptionsResultBuilder errors, string option, T value, T least, T most)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            errors.AddError($"{Section}{option} is '{value}'. Set it between {least} and {most}.");
        }
    }
}
