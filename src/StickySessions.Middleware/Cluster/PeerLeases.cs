using Microsoft.Extensions.Options;
using StickySessions.Redis;

namespace StickySessions.Cluster;

/// <summary>
/// Whether another node may be able to claim what this node holds, whose lease has run out. Not if no node that can be reached has heard of
/// Redis for two beats either: then it is Redis that is gone. Asked once at a time and at most once a beat, however many requests want to
/// know. Safe for concurrent use.
/// <para>
/// When Redis comes back, one node is the first to hear of it. If a moment before all had answered that they had not, this node goes on for as
/// long as a lease serves: the first beat after a silence of two beats extends the leases of all nodes, so nobody is declared gone sooner.
/// </para>
/// </summary>
internal sealed class PeerLeases(IClusterMembership membership, IPeerClient peers, IOptions<StickyRedisOptions> options, TimeProvider time)
{
    /// <summary>Requests wait for it. A node that is well answers within milliseconds.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(300);

    private readonly Lock _gate = new();
    private Task<bool>? _asking; // guarded by _gate
    private TimeSpan? _asked; // guarded by _gate
    private bool _mayAnyClaim; // guarded by _gate
    private TimeSpan? _allClear; // guarded by _gate: when all nodes were asked, and all answered that they cannot claim

    public ValueTask<bool> MayAnyClaimAsync()
    {
        lock (_gate)
        {
            return IsFresh(_asked) ? new ValueTask<bool>(_mayAnyClaim && !IsAllClear()) : new ValueTask<bool>(_asking ??= AskAsync());
        }
    }

    /// <summary>A node has shown that it claims what this node holds.</summary>
    public void Hear()
    {
        lock (_gate)
        {
            (_asked, _mayAnyClaim, _allClear) = (membership.Lease.Now, true, null);
        }
    }

    private async Task<bool> AskAsync()
    {
        // Leaves the caller's lock before anything happens.
        await Task.Yield();
        var asked = membership.Lease.Now;
        var answer = Peer.MayClaim;
        try
        {
            answer = await AskAllAsync();
            if (!IsFresh(asked))
            {
                // Answers that lay about while this process was paused say nothing about now.
                answer = Peer.MayClaim;
            }
        }
        finally
        {
            lock (_gate)
            {
                (_asking, _asked, _mayAnyClaim) = (null, asked, answer == Peer.MayClaim);
                _allClear = answer == Peer.CannotClaim ? asked : _allClear;
            }
        }

        lock (_gate)
        {
            return _mayAnyClaim && !IsAllClear();
        }
    }

    /// <returns>May claim if one may; cannot if all have answered; else unknown.</returns>
    private async Task<Peer> AskAllAsync()
    {
        using var timeout = new CancellationTokenSource(Timeout, time);
        var self = membership.Self.Tag;
        var question = LeaseQuestionHandler.Ask(self);
        var questions = membership.View.Nodes.Where(node => node.Tag != self).Select(node => AskAsync(node, question, timeout.Token)).ToArray();
        var result = Peer.CannotClaim;
        await foreach (var answer in Task.WhenEach(questions))
        {
            switch (await answer)
            {
                case Peer.MayClaim:
                    await timeout.CancelAsync();
                    return Peer.MayClaim;
                case Peer.Unknown:
                    result = Peer.Unknown;
                    break;
            }
        }

        return result;
    }

    private async Task<Peer> AskAsync(Node node, ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await peers.AskAsync(node.Address, node.HasInterconnect, LeaseQuestionHandler.Question, question, cancellationToken)
                .WaitAsync(cancellationToken);
            return answer.Status switch
            {
                PeerAnswerStatus.Answered => LeaseQuestionHandler.IsYes(answer.Content.Span) ? Peer.MayClaim : Peer.CannotClaim,
                PeerAnswerStatus.Refused => Peer.CannotClaim, // no process, no claim
                _ => Peer.Unknown,
            };
        }
        catch (OperationCanceledException)
        {
            return Peer.Unknown;
        }
    }

    private bool IsAllClear() => membership.Lease.Now - _allClear < membership.Lease.ServesFor;

    private bool IsFresh(TimeSpan? asked) => membership.Lease.Now - asked < options.Value.BeatInterval;

    private enum Peer
    {
        CannotClaim,
        Unknown,
        MayClaim,
    }
}
