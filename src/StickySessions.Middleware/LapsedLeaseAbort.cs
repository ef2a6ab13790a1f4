using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Ownership;

namespace StickySessions;

/// <summary>
/// When this node's lease has run out, ends what runs in the sessions that prefer consistency: another node may own them from now on, and a
/// stream or a WebSocket that has begun passes no fence any more.
/// </summary>
internal sealed partial class LapsedLeaseAbort(IClusterMembership membership, HeldSessions held, ILogger<LapsedLeaseAbort> logger) : IHostedService
{
    private readonly NodeLease _lease = membership.Lease;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _lease.Lapsed += OnLapsed;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        // Not unsubscribed: while the host stops, requests run on, and the lease may still run out.
        return Task.CompletedTask;
    }

    // On a thread of its own: a beat may have raised it, and there may be very many sessions.
    private void OnLapsed() => ThreadPool.UnsafeQueueUserWorkItem(static self => self.AbortAll(), this, preferLocal: false);

    private void AbortAll()
    {
        var aborted = 0;
        foreach (var session in held.All())
        {
            if (session.PrefersConsistency && session.Running > 0 && !_lease.IsHeldSince(session.Term))
            {
                aborted += session.Requests.AbortAll();
            }
        }

        if (aborted > 0)
        {
            Aborted(logger, aborted);
        }
    }

    [LoggerMessage(StickyEventIds.Middleware + 4, LogLevel.Warning,
        "The lease of this node has run out: {Requests} running requests of sessions that prefer consistency were aborted.")]
    private static partial void Aborted(ILogger logger, int requests);
}
