using System.Globalization;
using Microsoft.Extensions.Options;

namespace StickySessions.Policies;

/// <summary>Finds all that is wrong with a policy at once; each message has the configuration key, the value and the remedy.</summary>
internal sealed class StickyPolicyOptionsValidator : IValidateOptions<StickyPolicyOptions>
{
    private static readonly TimeSpan MinIdleTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxIdleTimeout = TimeSpan.FromDays(30);
    private static readonly TimeSpan MaxAbsoluteTimeout = TimeSpan.FromDays(365);
    private static readonly TimeSpan MinOwnerLostWait = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxOwnerLostWait = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan MinQueueTimeout = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxQueueTimeout = TimeSpan.FromMinutes(10);

    public ValidateOptionsResult Validate(string? name, StickyPolicyOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        var section = PolicyNames.Section(name);
        PathPrefixCheck.Check(errors, section, options.PathPrefixes);
        MethodCheck.Check(errors, section, options);
        CookieCheck.Check(errors, section, options);
        CheckLifetimes(errors, section, options);
        errors.CheckDefined($"{section}:OnRedisLost", options.OnRedisLost);
        CheckPlacement(errors, section, options);
        CheckOwnerLost(errors, section, options);
        CheckQueue(errors, section, options);
        return errors.Build();
    }

    private static void CheckLifetimes(ValidateOptionsResultBuilder errors, string section, StickyPolicyOptions options)
    {
        if (options.IdleTimeout < MinIdleTimeout || options.IdleTimeout > MaxIdleTimeout)
        {
            errors.AddError($"{section}:IdleTimeout is {options.IdleTimeout}: choose {MinIdleTimeout} to {MaxIdleTimeout}.");
        }

        if (options.AbsoluteTimeout < options.IdleTimeout || options.AbsoluteTimeout > MaxAbsoluteTimeout)
        {
            errors.AddError(
                $"{section}:AbsoluteTimeout is {options.AbsoluteTimeout}: choose at least {section}:IdleTimeout, now {options.IdleTimeout}, and at most {MaxAbsoluteTimeout}.");
        }

        if (options.FirstRequestTimeout < MinIdleTimeout || options.FirstRequestTimeout > MaxIdleTimeout)
        {
            errors.AddError($"{section}:FirstRequestTimeout is {options.FirstRequestTimeout}: choose {MinIdleTimeout} to {MaxIdleTimeout}.");
        }
    }

    private static void CheckPlacement(ValidateOptionsResultBuilder errors, string section, StickyPolicyOptions options)
    {
        errors.CheckDefined($"{section}:Placement", options.Placement);
        if (options.LoadFactor is { } factor and not (>= 1 and <= 100))
        {
            errors.AddError(string.Create(CultureInfo.InvariantCulture, $"{section}:LoadFactor is {factor}: choose 1 to 100, or none for what fits the placement."));
        }
    }

    private static void CheckOwnerLost(ValidateOptionsResultBuilder errors, string section, StickyPolicyOptions options)
    {
        errors.CheckDefined($"{section}:OnOwnerLost", options.OnOwnerLost);
        if (options.Method == StickyMethod.Hash && options.OnOwnerLost != OwnerLostBehavior.Reassign)
        {
            errors.AddError(
                $"{section}:OnOwnerLost is {options.OnOwnerLost}, but {section}:Method is Hash, which finds another owner by itself: choose {nameof(OwnerLostBehavior.Reassign)}, or another method.");
        }

        if (options.OwnerLostWait < MinOwnerLostWait || options.OwnerLostWait > MaxOwnerLostWait)
        {
            errors.AddError($"{section}:OwnerLostWait is {options.OwnerLostWait}: choose {MinOwnerLostWait:g} to {MaxOwnerLostWait}.");
        }
    }

    private static void CheckQueue(ValidateOptionsResultBuilder errors, string section, StickyPolicyOptions options)
    {
        if (options.MaxQueued is < 0 or > 1_000)
        {
            errors.AddError($"{section}:MaxQueued is {options.MaxQueued}: choose 0 to 1,000 requests of a session that may wait for their turn.");
        }

        if (options.QueueTimeout < MinQueueTimeout || options.QueueTimeout > MaxQueueTimeout)
        {
            errors.AddError($"{section}:QueueTimeout is {options.QueueTimeout}: choose {MinQueueTimeout:g} to {MaxQueueTimeout}.");
        }
    }
}
