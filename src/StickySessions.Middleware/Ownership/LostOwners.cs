using StickySessions.Cluster;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>
/// What the policy says about a session whose owner is gone. Remembers since when, and which name the owner had, so that all requests for
/// its sessions wait for the same moment. Safe for concurrent use.
/// </summary>
internal sealed class LostOwners : IDisposable
{
    /// <summary>Requests that wait at this node at a time; more are answered at once, since each holds a connection and its memory.</summary>
    public const int MaxWaiting = 1024;

    /// <summary>More nodes than go within any wait; who is forgotten is waited for no longer.</summary>
    private const int Kept = 1024;

    private readonly IClusterMembership _membership;
    private readonly TimeProvider _time;

    // Guards all fields below but the count.
    private readonly Lock _gate = new();
    private readonly Dictionary<NodeTag, Loss> _losses = [];
    private readonly Queue<NodeTag> _oldestFirst = new();
    private ClusterView _seen = ClusterView.Empty;
    private long? _firstViewAt;
    private TaskCompletionSource _change = NewChange();
    private int _waiting;

    public LostOwners(IClusterMembership membership, TimeProvider time)
    {
        _membership = membership;
        _time = time;
        membership.ViewChanged += Observe;
        Observe(membership.View);
    }

    public int Waiting => Volatile.Read(ref _waiting);

    public void Dispose() => _membership.ViewChanged -= Observe;

    /// <param name="token">Names an owner that is not in view, and is not newer than the view.</param>
    /// <param name="policy">The policy that decides.</param>
    /// <param name="cancellationToken">The client has gone.</param>
    public async ValueTask<OwnerLossDecision> DecideAsync(StickyToken token, StickyPolicy policy, CancellationToken cancellationToken)
    {
        switch (policy.OnOwnerLost)
        {
            case OwnerLostBehavior.Reject when FindBack(_membership.View, token.Owner) is { } back:
                return OwnerLossDecision.Reassign(_membership.View, back);

            case OwnerLostBehavior.Reject:
                // The last request renewed the token if it was older than that, so by now the owner itself would have let the session go. A record that
                // stands in for a token does not outlive its session by much.
                return token.Issued != default && _time.GetUtcNow() - token.Issued >= policy.IdleTimeout + policy.RenewAfter
                    ? OwnerLossDecision.SessionOver
                    : OwnerLossDecision.Reject;

            case OwnerLostBehavior.WaitThenReassign:
                return await WaitAsync(token.Owner, policy.OwnerLostWait, cancellationToken);

            default:
                return OwnerLossDecision.Reassign(_membership.View, returned: null);
        }
    }

    /// <summary>The owner's very process, which was cut off and has joined again.</summary>
    private static Node? FindBack(ClusterView view, NodeTag owner)
        => view.FindByFormerTag(owner) is { State: not NodeState.Starting } back ? back : null;

    private async ValueTask<OwnerLossDecision> WaitAsync(NodeTag owner, TimeSpan atMost, CancellationToken cancellationToken)
    {
        var hasPlace = false;
        try
        {
            while (true)
            {
                // 1. Is it back, or is its time up? In this order: a process that came back late is still the best choice.
                var view = _membership.View;
                var (loss, change) = LossOf(owner, view);
                var left = atMost - _time.GetElapsedTime(loss.Since);
                var returned = FindBack(view, owner)
                    ?? view.Nodes.LastOrDefault(node => node.Name == loss.Name && node.State == NodeState.Active);
                if (returned is not null || left <= TimeSpan.Zero)
                {
                    return OwnerLossDecision.Reassign(view, returned);
                }

                // 2. Wait for the next change of the view.
                hasPlace = hasPlace || TryTakePlace();
                if (!hasPlace)
                {
                    return OwnerLossDecision.Reject;
                }

                await change.WaitAsync(left, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            if (hasPlace)
            {
                Interlocked.Decrement(ref _waiting);
            }
        }
    }

    private bool TryTakePlace()
    {
        if (Interlocked.Increment(ref _waiting) <= MaxWaiting)
        {
            return true;
        }

        Interlocked.Decrement(ref _waiting);
        return false;
    }

    private (Loss Loss, Task Change) LossOf(NodeTag owner, ClusterView view)
    {
        // The view is replaced before it is announced.
        Observe(view);
        lock (_gate)
        {
            // An owner that was gone before this node looked may have gone just then, and no earlier moment is known.
            var loss = _losses.TryGetValue(owner, out var known) ? known : new Loss(Name: null, _firstViewAt ?? _time.GetTimestamp());
            return (loss, _change.Task);
        }
    }

    private void Observe(ClusterView view)
    {
        TaskCompletionSource change;
        lock (_gate)
        {
            if (ReferenceEquals(view, _seen) || view.Version < _seen.Version)
            {
                return;
            }

            var now = _time.GetTimestamp();
            _firstViewAt ??= now;
            foreach (var node in _seen.Nodes)
            {
                if (view.Find(node.Tag) is null && _losses.TryAdd(node.Tag, new Loss(node.Name, now)))
                {
                    _oldestFirst.Enqueue(node.Tag);
                }
            }

            while (_oldestFirst.Count > Kept)
            {
                _losses.Remove(_oldestFirst.Dequeue());
            }

            _seen = view;
            (change, _change) = (_change, NewChange());
        }

        change.SetResult();
    }

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A node that left the view: its name, if this node has ever known it, and when.</summary>
    private readonly record struct Loss(string? Name, long Since);
}

internal enum OwnerLossKind
{
    Reassign,
    Reject,
    SessionOver,
}

/// <param name="Kind">What the policy says.</param>
/// <param name="View">The view to find the new owner in.</param>
/// <param name="Returned">The owner's process, or with <see cref="OwnerLostBehavior.WaitThenReassign"/> one of its name, if it is back.</param>
internal readonly record struct OwnerLossDecision(OwnerLossKind Kind, ClusterView View, Node? Returned)
{
    public static OwnerLossDecision Reject { get; } = new(OwnerLossKind.Reject, ClusterView.Empty, null);

    public static OwnerLossDecision SessionOver { get; } = new(OwnerLossKind.SessionOver, ClusterView.Empty, null);

    public static OwnerLossDecision Reassign(ClusterView view, Node? returned) => new(OwnerLossKind.Reassign, view, returned);
}
