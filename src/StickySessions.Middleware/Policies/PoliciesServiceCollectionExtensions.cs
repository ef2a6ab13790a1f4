using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace StickySessions.Policies;

internal static class PoliciesServiceCollectionExtensions
{
    /// <summary>Adds the policy, which requests fall under it, and its cookie.</summary>
    public static IServiceCollection AddPolicies(this IServiceCollection services)
    {
        services.AddOptions<StickyPolicyOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StickyPolicyOptions>, StickyPolicyOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<PolicyResolver>();
        services.TryAddSingleton<SessionCookie>();
        return services;
    }
}
