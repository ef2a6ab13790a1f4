using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Session;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.State;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the state of sticky sessions to an application.</summary>
public static class StickySessionStateServiceCollectionExtensions
{
    /// <summary>
    /// Keeps <c>HttpContext.Session</c>, and <c>HttpContext.Session.State&lt;T&gt;()</c>, in the memory of the session's owner: one live object for all requests of
    /// the session, stored in Redis and handed over as the policy's <see cref="StickyPolicyOptions.Durability"/> says. Needs <c>AddStickySessions</c>.
    /// <c>UseStickySessions</c> gives each request its session; <c>UseSession</c> is not needed, and does no harm behind it. Configured by the section
    /// <c>StickySessions:State</c>. Calling it again adds nothing twice.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Configures what sessions may hold, and their typed values.</param>
    public static IServiceCollection AddStickySessionState(this IServiceCollection services, Action<StickySessionStateOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);

        var options = services.AddOptions<StickySessionStateOptions>().BindConfiguration("StickySessions:State");
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.AddHttpContextAccessor();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StickySessionStateOptions>, StickySessionStateOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPostConfigureOptions<StickyPolicyOptions>, DurabilityDefault>());
        services.TryAddSingleton(CreateFormat);
        services.TryAddSingleton(CreateWriter);
        services.TryAddSingleton<WriteBehind>();
        services.TryAddSingleton(CreateUnreadable);
        services.TryAddSingleton<SessionStates>();
        services.TryAddSingleton(CreateImport);
        services.TryAddSingleton(CreateRecordCarrier);
        services.TryAddSingleton<PeerCarrier>();
        services.TryAddSingleton<ApplicationMemories>();
        services.TryAddSingleton<SessionHandOff>();
        services.TryAddSingleton<DrainedSessions>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, ExportTimer>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, Rebalancer>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, LostSnapshots>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPeerQuestionHandler, TakeQuestionHandler>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, WriteBehind>(static provider => provider.GetRequiredService<WriteBehind>()));
        services.TryAddEnumerable(ServiceDescriptor.Scoped<CircuitHandler, CircuitPause>());
        services.Replace(ServiceDescriptor.Singleton<ISessionStore, StickySessionStore>());
        return services;
    }

    private static SnapshotFormat CreateFormat(IServiceProvider services)
    {
        var options = services.GetRequiredService<IOptions<StickySessionStateOptions>>().Value;
        return new SnapshotFormat(options, options.Encrypt ? services.GetDataProtector("StickySessions.State.v1") : null);
    }

    /// <returns>Null if nothing is to be imported: then there may be no cache to import from.</returns>
    private static StockSessionImport CreateImport(IServiceProvider services)
        => services.GetRequiredService<IOptions<StickySessionStateOptions>>().Value.ImportStockSession
            ? ActivatorUtilities.CreateInstance<StockSessionImport>(services)
            : null!;

    private static UnreadableSnapshots CreateUnreadable(IServiceProvider services)
        => new(services.GetRequiredService<ILogger<UnreadableSnapshots>>(), services.GetRequiredService<IOwnershipDirectory>() as ISessionRecords);

    private static RecordCarrier CreateRecordCarrier(IServiceProvider services)
        => new(services.GetRequiredService<IClusterMembership>(), services.GetRequiredService<IOwnershipDirectory>() as ISessionRecords);

    /// <summary>Without a store there is nowhere to write to.</summary>
    private static StateWriter CreateWriter(IServiceProvider services)
        => services.GetRequiredService<IOwnershipDirectory>() is ISessionRecords records
            ? ActivatorUtilities.CreateInstance<StateWriter>(services, records)
            : ActivatorUtilities.CreateInstance<StateWriter>(services);
}
