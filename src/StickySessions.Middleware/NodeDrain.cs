using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Ownership;
using StickySessions.State;

namespace StickySessions;

/// <summary>How this node goes: it takes no new sessions, lets balancers notice, and leaves the view before any of its listeners close.</summary>
internal sealed partial class NodeDrain(
    IClusterMembership membership,
    NodeStage node,
    HeldSessions held,
    IOptions<StickyNodeOptions> options,
    TimeProvider time,
    ILogger<NodeDrain> logger,
    DrainedSessions? sessions = null) : IDisposable
{
    private static readonly TimeSpan PatienceWithRunningRequests = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PauseBetweenLooks = TimeSpan.FromMilliseconds(20);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _cut = new();
    private Task? _drain;

    private bool IsAlone => membership.View.Nodes.Length <= 1;

    public void Dispose() => _cut.Dispose();

    /// <summary>Drains and leaves. There is one drain, whoever asks for it: the first call starts it, and each call waits for it.</summary>
    /// <param name="cut">Cuts the drain short, for all who wait for it; the node leaves in any case.</param>
    public async Task RunAsync(CancellationToken cut)
    {
        node.Drain();
        Task drain;
        lock (_gate)
        {
            drain = _drain ??= Task.Run(DrainAsync, CancellationToken.None);
        }

        await using var registration = cut.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _cut);
        await drain;
    }

    private async Task DrainAsync()
    {
        try
        {
            await membership.AnnounceAsync(NodeState.Draining, publicAddress: null, _cut.Token);
            await UntilBalancersNoticedAsync(_cut.Token);
            if (sessions is not null)
            {
                await sessions.HandOverAsync(_cut.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The drain was cut short; leaving is what must happen in any case.
        }

        await LeaveAsync();
    }

    private async Task UntilBalancersNoticedAsync(CancellationToken cut)
    {
        if (!IsAlone)
        {
            Draining(logger, options.Value.Name, options.Value.DrainDelay);
            await Task.Delay(options.Value.DrainDelay, time, cut);
        }
    }

    /// <summary>
    /// Once a node is gone in the view its sessions may be claimed, so it must have stopped serving them by then. A node alone has nobody
    /// to leave them to.
    /// </summary>
    private async Task LeaveAsync()
    {
        if (!IsAlone)
        {
            node.Leave();
            await UntilConsistentSessionsAreQuietAsync();
        }

        if (sessions is not null)
        {
            await sessions.StoreRestAsync(othersMayClaim: node.HasLeft);
        }

        if (node.HasLeft)
        {
            membership.Lease.End();
        }

        try
        {
            await membership.LeaveAsync(CancellationToken.None); // bounded by itself, and what matters most when the host's time is up
        }
        finally
        {
            if (node.HasLeft || !IsAlone)
            {
                // Alone until now, it may have been joined by another node since it looked.
                node.Leave();
                membership.Lease.End();
            }

            node.Depart();
        }

        Left(logger, options.Value.Name);
    }

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

    [LoggerMessage(StickyEventIds.Middleware + 1, LogLevel.Information,
        "{Node} drains: no new sessions here. It serves for another {DrainDelay} while balancers notice.")]
    private static partial void Draining(ILogger logger, string node, TimeSpan drainDelay);

    [LoggerMessage(StickyEventIds.Middleware + 2, LogLevel.Information, "{Node} has left the cluster; its listeners close now.")]
    private static partial void Left(ILogger logger, string node);
}
