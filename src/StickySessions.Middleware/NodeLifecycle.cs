using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Forwarding;
using StickySessions.Ownership;
using StickySessions.State;

namespace StickySessions;

/// <summary>
/// Takes this node through its life: it joins once its interconnect is bound, becomes active once the application has started, and
/// leaves the view before any of its listeners close.
/// </summary>
internal sealed partial class NodeLifecycle(
    IClusterMembership membership,
    InterconnectAddress interconnect,
    IServer server,
    HeldSessions held,
    OwnLoad load,
    RequestLimit limit,
    LostOwners lost,
    StickyMetrics metrics,
    IOptions<StickyNodeOptions> options,
    IOptions<HostOptions> host,
    TimeProvider time,
    ILogger<NodeLifecycle> logger,
    DrainedSessions? sessions = null) : IHostedLifecycleService
{
    private static readonly TimeSpan PatienceWithRunningRequests = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PauseBetweenLooks = TimeSpan.FromMilliseconds(20);

    private readonly TaskCompletionSource _departure = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _hasLeft;
    private volatile bool _isDraining;
    private volatile bool _isActive;

    /// <summary>Once true this node serves no session from memory: others may claim what it held.</summary>
    public bool HasLeft => _hasLeft;

    /// <summary>Completes once the peers know that this node has left, or there was no more time to tell them.</summary>
    public Task Departure => _departure.Task;

    /// <summary>Whether new sessions are placed elsewhere.</summary>
    public bool IsDraining => _isDraining;

    /// <summary>Whether balancers should send requests here.</summary>
    public bool IsReady => _isActive && !_isDraining && membership.IsJoined;

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        var node = options.Value;
        metrics.Observe(() => held.Count, () => load.Current.Running, () => membership.View.Nodes.Length);
        metrics.ObserveWaiting(() => lost.Waiting, () => limit.Waiting);
        if (node.DrainDelay >= host.Value.ShutdownTimeout)
        {
            DrainCutShort(logger, node.DrainDelay, host.Value.ShutdownTimeout);
        }

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
        _isActive = true;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        if (_isDraining)
        {
            return; // a host may be stopped twice
        }

        _isDraining = true;
        try
        {
            await membership.AnnounceAsync(NodeState.Draining, publicAddress: null, cancellationToken);
            if (membership.View.Nodes.Length > 1)
            {
                Draining(logger, options.Value.Name, options.Value.DrainDelay);
                await Task.Delay(options.Value.DrainDelay, time, cancellationToken);
            }

            if (sessions is not null)
            {
                await sessions.HandOverAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The drain was cut short; leaving is what must happen in any case.
        }

        // In this order: once a node is gone in the view its sessions may be claimed, so it must have stopped serving them by then. A
        // node alone has nobody to leave them to.
        _hasLeft = membership.View.Nodes.Length > 1;
        if (_hasLeft)
        {
            await UntilConsistentSessionsAreQuietAsync();
        }

        if (sessions is not null)
        {
            await sessions.StoreRestAsync(othersMayClaim: _hasLeft);
        }

        if (_hasLeft)
        {
            membership.Lease.End();
        }

        try
        {
            await membership.LeaveAsync(CancellationToken.None); // bounded by itself, and what matters most when the host's time is up
        }
        finally
        {
            // Alone until now, it may have been joined by another node since it looked.
            _hasLeft |= membership.View.Nodes.Length > 1;
            if (_hasLeft)
            {
                membership.Lease.End();
            }

            _departure.TrySetResult();
        }

        Left(logger, options.Value.Name);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// Nothing enters any more. What runs in sessions that prefer consistency must end before others may claim them, so it is given a
    /// moment before it is cut off.
    /// </summary>
    private async Task UntilConsistentSessionsAreQuietAsync()
    {
        var since = time.GetTimestamp();
        while (time.GetElapsedTime(since) < PatienceWithRunningRequests
            && held.All().Any(session => session is { PrefersConsistency: true, Running: > 0 }))
        {
            await Task.Delay(PauseBetweenLooks, time);
        }
    }

    // Only a node alone has neither an interconnect nor a public address; nobody will ever use this one.
    private static Uri NoAddress { get; } = new("http://localhost:0");

    [LoggerMessage(StickyEventIds.Middleware + 1, LogLevel.Information,
        "{Node} drains: no new sessions here. It serves for another {DrainDelay} while balancers notice.")]
    private static partial void Draining(ILogger logger, string node, TimeSpan drainDelay);

    [LoggerMessage(StickyEventIds.Middleware + 3, LogLevel.Warning,
        "StickySessions:Node:DrainDelay is {DrainDelay}, but the host stops after {ShutdownTimeout} and cuts the drain short. Raise HostOptions.ShutdownTimeout or lower the delay.")]
    private static partial void DrainCutShort(ILogger logger, TimeSpan drainDelay, TimeSpan shutdownTimeout);

    [LoggerMessage(StickyEventIds.Middleware + 2, LogLevel.Information, "{Node} has left the cluster; its listeners close now.")]
    private static partial void Left(ILogger logger, string node);
}
