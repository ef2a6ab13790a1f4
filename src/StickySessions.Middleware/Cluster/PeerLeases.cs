using Microsoft.Extensions.Options;
using StickySessions.Redis;

namespace StickySessions.Cluster;

/// <summary>
/// Whether another node holds its lease. If none that can be reached does, it is Redis that is gone, and nobody can claim what this node
/// holds. Asked once at a time and at most once a beat, however many requests want to know. Safe for concurrent use.
/// <para>
/// When Redis comes back, one node renews its lease first. If a moment before all had answered that they hold none, this node goes on for as
/// long as a lease serves: the first beat after a silence of two beats extends the leases of all nodes, so nobody is declared gone sooner, and
/// what serves of a lease (at least 2.4 beats) is longer than that silence.
/// </para>
/// </summary>
internal sealed class PeerLeases(IClusterMembership membership, IPeerClient peers, IOptions<StickyRedisOptions> options, TimeProvider time)
{
    /// <summary>Requests wait for it. A node that is well answers within milliseconds.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(300);

    private readonly Lock _gate = new();
    private Task<bool>? _asking; // guarded by _gate
    private TimeSpan? _asked; // guarded by _gate
    private bool _isAnyHeld; // guarded by _gate
    private TimeSpan? _allClear; // guarded by _gate: when all nodes were asked, and all answered that they hold none

    public ValueTask<bool> MayAnyClaimAsync()
    {
        lock (_gate)
        {
            return IsFresh(_asked) ? new ValueTask<bool>(_isAnyHeld && !IsAllClear()) : new ValueTask<bool>(_asking ??= AskAsync());
        }
    }

    /// <summary>A node has shown that it holds its lease.</summary>
    public void Hear()
    {
        lock (_gate)
        {
            (_asked, _isAnyHeld, _allClear) = (membership.Lease.Now, true, null);
        }
    }

    private async Task<bool> AskAsync()
    {
        // Leaves the caller's lock before anything happens.
        await Task.Yield();
        var asked = membership.Lease.Now;
        var answer = PeerLease.Held;
        try
        {
            answer = await AskAllAsync();
            if (!IsFresh(asked))
            {
                // Answers that lay about while this process was paused say nothing about now.
                answer = PeerLease.Held;
            }
        }
        finally
        {
            lock (_gate)
            {
                (_asking, _asked, _isAnyHeld) = (null, asked, answer == PeerLease.Held);
                _allClear = answer == PeerLease.NotHeld ? asked : _allClear;
            }
        }

        lock (_gate)
        {
            return _isAnyHeld && !IsAllClear();
        }
    }

    /// <returns>Held if one holds it; not held if all have answered; else unknown.</returns>
    private async Task<PeerLease> AskAllAsync()
    {
        using var timeout = new CancellationTokenSource(Timeout, time);
        var self = membership.Self.Tag;
        var questions = membership.View.Nodes.Where(node => node.Tag != self).Select(node => AskAsync(node, timeout.Token)).ToArray();
        var result = PeerLease.NotHeld;
        await foreach (var question in Task.WhenEach(questions))
        {
            switch (await question)
            {
                case PeerLease.Held:
                    await timeout.CancelAsync();
                    return PeerLease.Held;
                case PeerLease.Unknown:
                    result = PeerLease.Unknown;
                    break;
            }
        }

        return result;
    }

    private async Task<PeerLease> AskAsync(Node node, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await peers.AskAsync(node.Address, node.HasInterconnect, LeaseQuestionHandler.Question, default, cancellationToken)
                .WaitAsync(cancellationToken);
            return answer.Status switch
            {
                PeerAnswerStatus.Answered => LeaseQuestionHandler.IsHeld(answer.Content.Span) ? PeerLease.Held : PeerLease.NotHeld,
                PeerAnswerStatus.Refused => PeerLease.NotHeld, // no process, no lease
                _ => PeerLease.Unknown,
            };
        }
        catch (OperationCanceledException)
        {
            return PeerLease.Unknown;
        }
    }

    private bool IsAllClear() => membership.Lease.Now - _allClear < membership.Lease.ServesFor;

    private bool IsFresh(TimeSpan? asked) => membership.Lease.Now - asked < options.Value.BeatInterval;

    private enum PeerLease
    {
        NotHeld,
        Unknown,
        Held,
    }
}
