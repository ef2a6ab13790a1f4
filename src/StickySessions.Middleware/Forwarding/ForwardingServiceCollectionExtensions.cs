using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;

namespace StickySessions.Forwarding;

internal static class ForwardingServiceCollectionExtensions
{
    /// <summary>Adds what forwards requests to owners and what receives them. Calling it again adds nothing twice.</summary>
    internal static IServiceCollection AddForwarding(this IServiceCollection services)
    {
        if (services.Any(service => service.ServiceType == typeof(InterconnectAddress)))
        {
            return services;
        }

        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<IValidateOptions<StickyForwardingOptions>, StickyForwardingOptionsValidator>();
        services.AddSingleton<IValidateOptions<StickyInterconnectOptions>, StickyInterconnectOptionsValidator>();
        services.AddSingleton<IValidateOptions<StickyInterconnectOptions>, PublicAddressCheck>();
        services.AddOptions<StickyForwardingOptions>().ValidateOnStart();
        services.AddOptions<StickyInterconnectOptions>().ValidateOnStart();

        // Ingress: forwarding to others.
        services.AddSingleton<QuietForwarder>();
        services.AddSingleton<ForwardingMetrics>();
        services.AddSingleton<NodeChannels>();
        services.AddSingleton<ForwardingTransport>();
        services.AddSingleton<RequestSealer>();
        services.AddSingleton<IRequestForwarder, RequestForwarder>();
        services.AddSingleton<IPeerClient, PeerClient>();
        services.AddTransport();

        // Owner: receiving from others.
        services.AddSingleton<HiddenHeaders>();
        services.AddSingleton<EnvelopeGate>();
        services.AddSingleton<PeerQuestions>();
        services.AddSingleton<PipelineCapture>();
        services.AddSingleton<InterconnectApplication>();
        services.AddSingleton<InterconnectLimits>();
        services.AddSingleton<InterconnectAddress>();
        services.AddSingleton<IHostedService, InterconnectServer>();
        services.DecorateServer();

        // Startup filters run in order, and this one must be outermost: host filtering and forwarded headers act on restored requests.
        services.Insert(0, ServiceDescriptor.Singleton<IStartupFilter, PublicListenerFilter>());

        // And this one inside the framework's.
        services.AddSingleton<IStartupFilter, OriginalHostFilter>();
        return services;
    }

    private static void AddTransport(this IServiceCollection services)
        => services.AddHttpClient(ForwardingTransport.ClientName)
            .RemoveAllLoggers()
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(provider => ForwardingTransport.CreatePrimaryHandler(
                provider.GetRequiredService<IOptions<StickyForwardingOptions>>().Value,
                new TrustedCertificates(provider.GetRequiredService<IOptions<StickyInterconnectOptions>>().Value),
                provider.GetRequiredService<IOptions<KestrelServerOptions>>().Value))
            // Defaults for all clients (retries, service discovery) must not touch what is forwarded.
            .ConfigureAdditionalHttpMessageHandlers(static (handlers, _) => handlers.Clear());

    /// <summary>
    /// Notes what hosting starts on the application's server, if that is Kestrel: others insist on being what is registered (IIS, a
    /// test server). Then, and for a server that is registered later, the startup filter supplies the pipeline.
    /// </summary>
    private static void DecorateServer(this IServiceCollection services)
    {
        var index = services.ToList().FindLastIndex(service => service.ServiceType == typeof(IServer) && !service.IsKeyedService);
        if (index < 0 || services[index].ImplementationType is not { } kestrel || kestrel.Assembly != typeof(KestrelServer).Assembly)
        {
            return;
        }

        services[index] = ServiceDescriptor.Singleton<IServer>(provider => new CapturingServer(
            (IServer)ActivatorUtilities.CreateInstance(provider, kestrel), provider.GetRequiredService<PipelineCapture>()));
    }
}
