using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Forwarding;
using StickySessions.Ownership;

namespace StickySessions;

/// <summary>
/// Takes this node through its life: it joins once its interconnect is bound, becomes active once the application has started, and
/// has drained before any of its listeners close.
/// </summary>
internal sealed partial class NodeLifecycle(
    IClusterMembership membership,
    InterconnectAddress interconnect,
    IServer server,
    IHostApplicationLifetime lifetime,
    HeldSessions held,
    OwnLoad load,
    RequestLimit limit,
    LostOwners lost,
    StickyMetrics metrics,
    NodeStage stage,
    NodeDrain drain,
    IOptions<StickyNodeOptions> options,
    IOptions<HostOptions> host,
    ILogger<NodeLifecycle> logger) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        var node = options.Value;
        metrics.Observe(() => held.Count, () => load.Current.Running, () => membership.View.Nodes.Length);
        metrics.ObserveWaiting(() => lost.Waiting, () => limit.Waiting);
        CheckDrain(node);
        await membership.JoinAsync(
            new Node
            {
                Tag = default,
                Name = node.Name,
                Address = interconnect.Advertised ?? node.PublicAddress ?? NoAddress,
                HasInterconnect = interconnect.Advertised is not null,
                PublicAddress = node.PublicAddress,
                Weight = node.Weight,
            },
            cancellationToken);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        var publicAddress = options.Value.PublicAddress ?? ReachableAddress.Of(
            server.Features.Get<IServerAddressesFeature>()?.Addresses, interconnect.Advertised?.Host);
        load.BeginSlowStart();
        await membership.AnnounceAsync(NodeState.Active, publicAddress, cancellationToken);
        stage.Activate();
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => drain.RunAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Behind the gate the drain comes before the host's own time to stop; otherwise it is a part of that.</summary>
    private void CheckDrain(StickyNodeOptions node)
    {
        var isGated = lifetime is StopGate;
        if (!isGated)
        {
            NotGated(logger, lifetime.GetType().FullName);
        }

        // Windows waits for a service or a console no longer than the host would.
        if ((!isGated || OperatingSystem.IsWindows()) && node.DrainTimeout >= host.Value.ShutdownTimeout)
        {
            DrainCutShort(logger, node.DrainTimeout, host.Value.ShutdownTimeout);
        }
    }

    // Only a node alone has neither an interconnect nor a public address; nobody will ever use this one.
    private static Uri NoAddress { get; } = new("http://localhost:0");

    [LoggerMessage(StickyEventIds.Middleware + 3, LogLevel.Warning,
        "StickySessions:Node:DrainTimeout is {DrainTimeout}, but the host stops after {ShutdownTimeout} and cuts the drain short. Raise HostOptions.ShutdownTimeout or lower the drain's.")]
    private static partial void DrainCutShort(ILogger logger, TimeSpan drainTimeout, TimeSpan shutdownTimeout);

    [LoggerMessage(StickyEventIds.Middleware + 8, LogLevel.Warning,
        "The application's lifetime is {Lifetime}, not the one that AddStickySessions() registers: told to stop, the application closes what it has before this node has drained.")]
    private static partial void NotGated(ILogger logger, string? lifetime);
}
