using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace StickySessions.Policies;

internal static class PoliciesServiceCollectionExtensions
{
    /// <summary>Adds the policies, which requests fall under each, and their cookies.</summary>
    public static IServiceCollection AddPolicies(this IServiceCollection services)
    {
        services.AddLogging();
        services.AddOptions<StickyPolicyOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IConfigureOptions<StickyPolicyOptions>, PolicyConfiguration>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StickyPolicyOptions>, StickyPolicyOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<PolicyNames>();
        services.TryAddSingleton<PolicyOptionsReader>();
        services.TryAddSingleton<PolicyStore>();
        services.TryAddSingleton<PolicyResolver>();
        services.TryAddSingleton<SessionCookie>();
        return services;
    }

    /// <summary>Adds a named policy, or configures it further.</summary>
    public static IServiceCollection AddPolicy(this IServiceCollection services, string name, Action<StickyPolicyOptions> configure)
    {
        var policy = services
            .Where(service => service.ServiceType == typeof(NamedPolicy))
            .Select(service => (NamedPolicy)service.ImplementationInstance!)
            .FirstOrDefault(known => known.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (policy is null)
        {
            policy = new NamedPolicy(name);
            services.AddSingleton(policy);
        }

        return services.Configure(policy.Name, configure);
    }
}
