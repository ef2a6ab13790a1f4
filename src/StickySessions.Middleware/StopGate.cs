using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging;
using StickySessions.Diagnostics;

namespace StickySessions;

/// <summary>
/// Stands where whatever stops this application asks for it: signals, a service manager, the application itself. The first time the node
/// drains, while all of the application still works; only then <see cref="ApplicationLifetime.ApplicationStopping"/> fires, at which
/// SignalR and others close all that they have. The second time the drain is cut short.
/// </summary>
/// <remarks>
/// The host accepts no other lifetime than its own class, but one derived from it. It stops that by the method of the class, and everyone
/// else by the interface.
/// </remarks>
internal sealed partial class StopGate(
    NodeStage node, IServiceProvider services, TimeProvider time, ILogger<StopGate> logger, ILogger<ApplicationLifetime> baseLogger)
    : ApplicationLifetime(baseLogger), IHostApplicationLifetime
{
    /// <summary>A signal to a group of processes reaches one twice if its parent passes it on.</summary>
    private static readonly TimeSpan TakenForTheSame = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private NodeDrain? _drain; // guarded by _gate, as is the next
    private long _firstAsked;

    /// <summary>Only before the generic host's own lifetime: what another kind of host has would never hear of a stop.</summary>
    public static void Register(IServiceCollection services)
    {
        var registered = services.LastOrDefault(service => service.ServiceType == typeof(IHostApplicationLifetime) && !service.IsKeyedService);
        if (registered?.ImplementationType == typeof(ApplicationLifetime))
        {
            services.Replace(ServiceDescriptor.Singleton<IHostApplicationLifetime, StopGate>());
        }
    }

    void IHostApplicationLifetime.StopApplication()
    {
        lock (_gate)
        {
            if (!node.IsActive || ApplicationStopping.IsCancellationRequested)
            {
                // It has not begun to serve, or has been told already to end.
                StopApplication();
            }
            else if (_drain is null)
            {
                // Only now: what drains may itself depend on the application's lifetime.
                _drain = services.GetRequiredService<NodeDrain>();
                _firstAsked = time.GetTimestamp();
                node.Drain();
                _ = Task.Run(() => DrainAndStopAsync(_drain));
            }
            else if (time.GetElapsedTime(_firstAsked) >= TakenForTheSame)
            {
                _drain.Cut();
            }
        }
    }

    private async Task DrainAndStopAsync(NodeDrain drain)
    {
        try
        {
            await drain.RunAsync(CancellationToken.None);
        }
        catch (Exception failure)
        {
            DrainFailed(logger, failure);
        }
        finally
        {
            StopApplication();
        }
    }

    [LoggerMessage(StickyEventIds.Middleware + 7, LogLevel.Error, "The drain failed; the application stops.")]
    private static partial void DrainFailed(ILogger logger, Exception failure);
}
