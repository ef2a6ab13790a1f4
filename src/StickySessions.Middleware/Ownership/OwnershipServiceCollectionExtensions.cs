using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Redis;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

internal static class OwnershipServiceCollectionExtensions
{
    /// <summary>Adds the sessions that this node holds, and the directory that says who owns the others: in Redis if it is configured.</summary>
    public static IServiceCollection AddOwnership(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<HeldSessions>();
        services.TryAddSingleton<SessionMoves>();
        services.TryAddSingleton<EndedSessions>();
        services.TryAddSingleton<ExpiredSessions>();
        services.TryAddSingleton<LocalHoldings>();
        services.TryAddSingleton(static _ => new KnownOwners());
        services.TryAddSingleton<HashHomes>();
        services.TryAddSingleton<SessionDoubles>();
        services.TryAddSingleton<HolderSearch>();
        services.TryAddSingleton<StoreDoubt>();
        services.TryAddSingleton<StoreCheck>();
        services.TryAddSingleton(CreateDirectory);
        services.TryAddSingleton<FormerOwner>();
        services.TryAddSingleton<ClaimCoordinator>();
        services.TryAddSingleton<SessionVerification>();
        services.TryAddSingleton<LostOwners>();
        services.TryAddSingleton<RunningCount>();
        services.TryAddSingleton<RequestLimit>();
        services.TryAddSingleton<SessionTurns>();
        services.TryAddSingleton<OwnLoad>();
        services.TryAddSingleton<INodeLoadSource>(static provider => provider.GetRequiredService<OwnLoad>());
        services.TryAddSingleton<SessionPlacement>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPeerQuestionHandler, HoldsQuestionHandler>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPeerQuestionHandler, GiveUpQuestionHandler>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPeerQuestionHandler, DoublesQuestionHandler>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, IdleSweep>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, DoublesSearch>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, RecordUpkeep>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, ExpiredRecords>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StickyKeyOptions>, StaticClusterSecretCheck>());
        return services;
    }

    private static IOwnershipDirectory CreateDirectory(IServiceProvider services)
        => services.GetRequiredService<IOptions<StickyRedisOptions>>().Value.Configuration is null
            ? ActivatorUtilities.CreateInstance<StaticOwnershipDirectory>(services)
            : ActivatorUtilities.CreateInstance<RedisOwnershipDirectory>(services);
}
