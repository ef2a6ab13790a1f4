using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using StickySessions;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Forwarding;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Redis;
using StickySessions.State;
using StickySessions.Tokens;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds sticky sessions to an application.</summary>
public static class StickySessionsServiceCollectionExtensions
{
    /// <summary>
    /// Adds sticky sessions, configured by the section <c>StickySessions</c> and by the returned builder. Call
    /// <c>app.UseStickySessions()</c> too. Calling it again adds nothing twice.
    /// </summary>
    public static IStickySessionsBuilder AddStickySessions(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);

        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddStickyOptions<StickyNodeOptions>("Node");
        services.AddStickyOptions<StickyInterconnectOptions>("Interconnect");
        services.AddStickyOptions<StickyForwardingOptions>("Forwarding");
        services.AddStickyOptions<StickyKeyOptions>("Keys");
        services.AddStickyOptions<StickyRedisOptions>("Redis");
        services.AddStickyOptions<StickyStaticOptions>("Static");
        services.AddStickyOptions<StickyDiagnosticsOptions>("Diagnostics");

        // Before all others, which would stumble over one wrong option each.
        services.TryAddSingleton<OptionsCheck>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, OptionsCheck>(
            static provider => provider.GetRequiredService<OptionsCheck>()));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, EndpointPolicyCheck>());

        // In the order of the floors. Of the hosted services the interconnect starts before the node joins, and stops after it left.
        services.TryAddSingleton<StickyMetrics>();
        services.TryAddSingleton<OutcomeLogScopes>();
        services.AddTokens();
        services.TryAddSingleton(ChooseKeys);
        services.AddPolicies();
        services.AddCluster();
        services.AddOwnership();
        services.AddForwarding();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StickyPolicyOptions>, DurabilityCheck>());
        services.TryAddSingleton<NodeStage>();
        services.TryAddSingleton<RequestJourneys>();
        services.TryAddSingleton<SessionFence>();
        services.TryAddSingleton<OwnSessions>();
        services.TryAddSingleton<RequestTokens>();
        services.TryAddSingleton<ResponseFence>();
        services.TryAddSingleton<TokenSuffix>();
        services.TryAddSingleton<ResponseTokens>();
        services.TryAddSingleton<HomeRouter>();
        services.TryAddSingleton<SessionRouter>();
        services.TryAddSingleton<SessionEnding>();
        services.TryAddSingleton<SessionBinding>();
        services.TryAddSingleton<SessionAdmission>();
        services.TryAddSingleton<OneAtATime>();
        services.TryAddSingleton<SessionEntry>();
        services.TryAddSingleton<FailoverTime>();
        services.TryAddSingleton<LongLivedRequests>();
        services.TryAddSingleton<ForwardedRequests>();
        services.TryAddSingleton<IngressNode>();
        services.TryAddSingleton<OwnerNode>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, LapsedLeaseAbort>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, ReturnedNodeClaims>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SharedKeysHint>());
        services.TryAddSingleton<NodeDrain>();
        StopGate.Register(services);
        services.TryAddSingleton<NodeLifecycle>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, NodeLifecycle>(
            static provider => provider.GetRequiredService<NodeLifecycle>()));
        return new StickySessionsBuilder(services);
    }

    /// <summary>A configured secret, else the one that the cluster keeps in Redis, else one that lives as long as this node.</summary>
    private static IClusterKeys ChooseKeys(IServiceProvider provider)
    {
        if (provider.GetRequiredService<IOptions<StickyKeyOptions>>().Value.Secret is not null)
        {
            return ActivatorUtilities.CreateInstance<ConfiguredClusterKeys>(provider);
        }

        return provider.GetRequiredService<IOptions<StickyRedisOptions>>().Value.Configuration is not null
            ? provider.GetRequiredService<RedisClusterKeys>()
            : new EphemeralClusterKeys();
    }

    private static void AddStickyOptions<TOptions>(this IServiceCollection services, string section)
        where TOptions : class
        => services.AddOptions<TOptions>().BindConfiguration($"StickySessions:{section}");

    private sealed class StickySessionsBuilder(IServiceCollection services) : IStickySessionsBuilder
    {
        public IServiceCollection Services => services;

        public IStickySessionsBuilder ConfigureNode(Action<StickyNodeOptions> configure) => Configure(configure);

        public IStickySessionsBuilder ConfigureInterconnect(Action<StickyInterconnectOptions> configure) => Configure(configure);

        public IStickySessionsBuilder ConfigureForwarding(Action<StickyForwardingOptions> configure) => Configure(configure);

        public IStickySessionsBuilder ConfigureKeys(Action<StickyKeyOptions> configure) => Configure(configure);

        public IStickySessionsBuilder ConfigureDiagnostics(Action<StickyDiagnosticsOptions> configure) => Configure(configure);

        public IStickySessionsBuilder ConfigurePolicy(Action<StickyPolicyOptions> configure) => Configure(configure);

        public IStickySessionsBuilder AddPolicy(string name, Action<StickyPolicyOptions> configure)
        {
            ArgumentNullException.ThrowIfNull(name);
            ArgumentNullException.ThrowIfNull(configure);
            services.AddPolicy(name, configure);
            return this;
        }

        public IStickySessionsBuilder UseRedis(string configuration) => UseRedis(options => options.Configuration = configuration);

        public IStickySessionsBuilder UseRedis(Action<StickyRedisOptions> configure) => Configure(configure);

        public IStickySessionsBuilder UseStaticNodes(Action<StickyStaticOptions> configure) => Configure(configure);

        private StickySessionsBuilder Configure<TOptions>(Action<TOptions> configure)
            where TOptions : class
        {
            ArgumentNullException.ThrowIfNull(configure);
            services.Configure(configure);
            return this;
        }
    }
}
