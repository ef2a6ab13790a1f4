using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace StickySessions.Tokens;

internal static class TokensServiceCollectionExtensions
{
    /// <summary>Adds the session token. Where the cluster's keys come from (<see cref="IClusterKeys"/>) is registered by the caller.</summary>
    public static IServiceCollection AddTokens(this IServiceCollection services)
    {
        services.AddOptions<StickyKeyOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StickyKeyOptions>, StickyKeyOptionsValidator>());
        services.TryAddSingleton<TokenProtector>();
        return services;
    }
}
