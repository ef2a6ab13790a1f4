using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Ownership;
using StickySessions.State;

namespace StickySessions;

/// <summary>
/// How this node goes: it takes no new sessions, lets balancers notice, hands its sessions over, and leaves the view before any of its
/// listeners close. There is one drain, whoever asks for it: the first call starts it, and each call waits for it.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "The source has no timer and nobody asks it for a handle, so it holds nothing.")]
internal sealed partial class NodeDrain(
    IClusterMembership membership,
    NodeStage node,
    HeldSessions held,
    LongLivedRequests longLived,
    ForwardedRequests forwarded,
    IOptions<StickyNodeOptions> options,
    TimeProvider time,
    ILogger<NodeDrain> logger,
    DrainedSessions? sessions = null)
{
    private static readonly TimeSpan PatienceWithRunningRequests = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TimeForTheRest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PauseBetweenLooks = TimeSpan.FromMilliseconds(20);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _cut = new();
    private Task? _emptying; // guarded by _gate
    private Task? _leaving; // guarded by _gate

    private bool IsAlone => membership.View.Nodes.Length <= 1;

    /// <summary>
    /// Drains, and stays: the node goes on forwarding for others, and serves what it could not hand over. That is for a hook which runs
    /// before the process is told to stop.
    /// </summary>
    public Task EmptyAsync()
    {
        node.Drain();
        lock (_gate)
        {
            return _emptying ??= EmptyOnceAsync();
        }
    }

    /// <summary>Drains and leaves.</summary>
    /// <param name="cut">Cuts the drain short, for all who wait for it; the node leaves in any case.</param>
    public async Task RunAsync(CancellationToken cut)
    {
        node.Drain();
        Task leaving;
        lock (_gate)
        {
            leaving = _leaving ??= EmptyAndLeaveAsync();
        }

        await using var registration = cut.UnsafeRegister(static drain => ((NodeDrain)drain!).Cut(), this);
        await leaving;
    }

    /// <summary>Cuts the drain short: what is left of it is leaving.</summary>
    public void Cut() => _cut.Cancel();

    private async Task EmptyAndLeaveAsync()
    {
        try
        {
            await EmptyAsync();
            await HandOverWhatHasComeSinceAsync();
        }
        finally
        {
            await LeaveAsync();
        }
    }

    private async Task EmptyOnceAsync()
    {
        using var timeout = new CancellationTokenSource(options.Value.DrainTimeout, time);
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(_cut.Token, timeout.Token);
        try
        {
            await membership.AnnounceAsync(NodeState.Draining, publicAddress: null, cut.Token);
            await UntilBalancersNoticedAsync(cut.Token);
            if (sessions is not null)
            {
                await sessions.HandOverAsync(cut.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Leaving is what must happen in any case.
        }

        if (cut.IsCancellationRequested)
        {
            CutShort(logger, options.Value.Name, options.Value.DrainTimeout);
        }
    }

    /// <summary>A hook may have emptied this node a while ago, and sessions that had no state then have some now.</summary>
    private async Task HandOverWhatHasComeSinceAsync()
    {
        if (sessions is not null)
        {
            using var timeout = new CancellationTokenSource(TimeForTheRest, time);
            using var cut = CancellationTokenSource.CreateLinkedTokenSource(_cut.Token, timeout.Token);
            await sessions.HandOverAsync(cut.Token);
        }
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
            await EndLongLivedAsync();
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
            await membership.LeaveAsync(CancellationToken.None); // bounded by itself, and what matters most when there is no more time
        }
        finally
        {
            if (!IsAlone)
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
    /// What runs in sessions that were not handed over, or is forwarded to others: its clients connect again elsewhere, before listeners
    /// close, which would wait for it.
    /// </summary>
    private async Task EndLongLivedAsync()
    {
        var patience = LongLivedRequests.Patience;
        var ending = held.All().Where(session => session.Running > 0).Select(session => longLived.EndAsync(session, patience)).ToList();
        var ended = await longLived.EndAsync(forwarded.LongLived, patience) + (await Task.WhenAll(ending)).Sum();
        if (ended > 0)
        {
            LongLivedEnded(logger, ended);
        }
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

    [LoggerMessage(StickyEventIds.Middleware + 6, LogLevel.Warning,
        "The drain of {Node} was cut short, by a second stop or by StickySessions:Node:DrainTimeout ({DrainTimeout}).")]
    private static partial void CutShort(ILogger logger, string node, TimeSpan drainTimeout);

    [LoggerMessage(StickyEventIds.Middleware + 9, LogLevel.Information,
        "{Requests} WebSockets and streams of events were ended, so that their clients connect to other nodes.")]
    private static partial void LongLivedEnded(ILogger logger, int requests);

    [LoggerMessage(StickyEventIds.Middleware + 2, LogLevel.Information, "{Node} has left the cluster; its listeners close now.")]
    private static partial void Left(ILogger logger, string node);
}
