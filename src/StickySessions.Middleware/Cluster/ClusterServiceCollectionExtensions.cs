using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StickySessions.Redis;
using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>Registers who is in the cluster: Redis if it is configured, else the configured nodes.</summary>
internal static class ClusterServiceCollectionExtensions
{
    public static IServiceCollection AddCluster(this IServiceCollection services)
    {
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StickyNodeOptions>, StickyNodeOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StickyStaticOptions>, StickyStaticOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StickyRedisOptions>, StickyRedisOptionsValidator>());
        services.AddOptions<StickyNodeOptions>().ValidateOnStart();
        services.AddOptions<StickyStaticOptions>().ValidateOnStart();
        services.AddOptions<StickyRedisOptions>().ValidateOnStart();

        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IRedisConnections, RedisConnections>();
        services.TryAddSingleton<RedisClusterKeys>();
        services.TryAddSingleton(static provider => new NodeLoads(
            provider.GetService<INodeLoadSource>(), provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(static provider => CreateLease(provider));
        services.TryAddSingleton<IClusterMembership>(provider =>
            provider.GetRequiredService<IOptions<StickyRedisOptions>>().Value.Configuration is null
                ? ActivatorUtilities.CreateInstance<StaticMembership>(provider)
                : CreateRedisMembership(provider));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPeerQuestionHandler, StatusQuestionHandler>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPeerQuestionHandler, LeaseQuestionHandler>());
        services.TryAddSingleton<PeerLeases>();
        return services;
    }

    // Apart from the membership: what a node holds is bounded by its lease, and what it says of its load is how much it holds.
    private static NodeLease CreateLease(IServiceProvider provider)
    {
        var redis = provider.GetRequiredService<IOptions<StickyRedisOptions>>().Value;
        return redis.Configuration is null ? NodeLease.Unlimited : new NodeLease(redis.Lease, provider.GetRequiredService<TimeProvider>());
    }

    private static RedisMembership CreateRedisMembership(IServiceProvider provider)
    {
        // A secret in the configuration wins: then nothing is asked of Redis.
        var keysAreConfigured = provider.GetRequiredService<IOptions<StickyKeyOptions>>().Value.Secret is not null;
        return new RedisMembership(
            provider.GetRequiredService<IRedisConnections>(),
            keysAreConfigured ? null : provider.GetRequiredService<RedisClusterKeys>(),
            provider.GetRequiredService<IPeerClient>(),
            provider.GetRequiredService<IOptions<StickyRedisOptions>>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<RedisMembership>>(),
            provider.GetRequiredService<NodeLoads>(),
            provider.GetRequiredService<NodeLease>());
    }
}
