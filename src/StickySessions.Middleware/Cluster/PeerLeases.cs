using Microsoft.Extensions.Options;
using StickySessions.Redis;

namespace StickySessions.Cluster;

/// <summary>
/// Whether another node holds its lease. If none that can be reached does, it is Redis that is gone, and nobody can claim what this node
/// holds. Asked once at a time and at most once a beat, however many requests want to know. Safe for concurrent use.
/// </summary>
internal sealed class PeerLeases(IClusterMembership membership, IPeerClient peers, IOptions<StickyRedisOptions> options, TimeProvider time)
{
    /// <summary>Requests wait for it. A node that is well answers within milliseconds.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(300);

    private readonly Lock _gate = new();
    private Task<bool>? _asking; // guarded by _gate
    private TimeSpan? _asked; // guarded by _gate
    private bool _isAnyHeld; // guarded by _gate

    public ValueTask<bool> IsAnyHeldAsync()
    {
        lock (_gate)
        {
            return IsFresh(_asked) ? new ValueTask<bool>(_isAnyHeld) : new ValueTask<bool>(_asking ??= AskAsync());
        }
    }

    /// <summary>A node has shown that it holds its lease.</summary>
    public void Hear()
    {
        lock (_gate)
        {
            (_asked, _isAnyHeld) = (membership.Lease.Now, true);
        }
    }

    private async Task<bool> AskAsync()
    {
        // Leaves the caller's lock before anything happens.
        await Task.Yield();
        var asked = membership.Lease.Now;
        var isAnyHeld = true;
        try
        {
            // Answers that lay about while this process was paused say nothing about now.
            isAnyHeld = await AskAllAsync() || !IsFresh(asked);
            return isAnyHeld;
        }
        finally
        {
            lock (_gate)
            {
                (_asking, _asked, _isAnyHeld) = (null, asked, isAnyHeld);
            }
        }
    }

    private async Task<bool> AskAllAsync()
    {
        using var timeout = new CancellationTokenSource(Timeout, time);
        var self = membership.Self.Tag;
        var questions = membership.View.Nodes.Where(node => node.Tag != self).Select(node => HoldsLeaseAsync(node, timeout.Token)).ToArray();
        await foreach (var answer in Task.WhenEach(questions))
        {
            if (await answer)
            {
                await timeout.CancelAsync();
                return true;
            }
        }

        return false;
    }

    private async Task<bool> HoldsLeaseAsync(Node node, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await peers.AskAsync(node.Address, node.HasInterconnect, LeaseQuestionHandler.Question, default, cancellationToken)
                .WaitAsync(cancellationToken);
            return answer.Status == PeerAnswerStatus.Answered && LeaseQuestionHandler.IsHeld(answer.Content.Span);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private bool IsFresh(TimeSpan? asked) => membership.Lease.Now - asked < options.Value.BeatInterval;
}
