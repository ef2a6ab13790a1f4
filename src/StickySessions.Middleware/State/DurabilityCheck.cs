using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StickySessions.Policies;
using StickySessions.Redis;

namespace StickySessions.State;

/// <summary>Finds policies that promise what nothing keeps.</summary>
internal sealed class DurabilityCheck(IOptions<StickyRedisOptions> redis, IServiceProviderIsService registered) : IValidateOptions<StickyPolicyOptions>
{
    public ValidateOptionsResult Validate(string? name, StickyPolicyOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        if (options.Durability is { } durability)
        {
            var key = $"{PolicyNames.Section(name)}:Durability";
            errors.CheckDefined(key, durability);
            if (durability != SessionDurability.None && Enum.IsDefined(durability))
            {
                Check(errors, key, durability, options);
            }
        }

        return errors.Build();
    }

    private void Check(ValidateOptionsResultBuilder errors, string key, SessionDurability durability, StickyPolicyOptions options)
    {
        if (!registered.IsService(typeof(SessionStates)))
        {
            errors.AddError($"{key} is {durability}, but no state of sessions is kept: call builder.Services.AddStickySessionState(), or remove it.");
        }

        if (redis.Value.Configuration is null)
        {
            errors.AddError($"{key} is {durability}, which stores state in Redis: set StickySessions:Redis:Configuration, or choose None.");
        }

        if (options.Method == StickyMethod.Hash)
        {
            errors.AddError($"{key} is {durability}, but the policy's Method is Hash, whose sessions have no record in Redis: choose None, or Learn.");
        }
    }
}
