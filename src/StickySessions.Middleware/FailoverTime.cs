using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Forwarding;

namespace StickySessions;

/// <summary>
/// What a request does while the node that it was sent to cannot be reached, or is about to leave: it waits, within the time that it has from then on to find
/// its owner.
/// </summary>
internal sealed class FailoverTime(IClusterMembership membership, IOptions<StickyForwardingOptions> options, TimeProvider time)
{
    private static readonly TimeSpan PauseBeforeTryingAgain = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Asks the cluster whether a node that could not be reached is gone. If it is not, the reason may pass (a full accept queue, a
    /// circuit that is open for a moment), so the request is worth another try until its time is up.
    /// </summary>
    /// <param name="target">The node.</param>
    /// <param name="since">When the request first met such a node.</param>
    /// <param name="cancellationToken">The client has gone.</param>
    /// <returns>False if the request's time is up.</returns>
    public Task<bool> GoneOrWorthAnotherTryAsync(Node target, long since, CancellationToken cancellationToken)
        => TryAsync(since, async bounded =>
        {
            if (!await membership.SuspectAsync(target.Tag, bounded))
            {
                await PauseAsync(bounded);
            }
        }, cancellationToken);

    /// <summary>Waits until the view says that a node has left.</summary>
    /// <inheritdoc cref="GoneOrWorthAnotherTryAsync"/>
    public Task<bool> LeftTheViewAsync(Node target, long since, CancellationToken cancellationToken)
        => TryAsync(since, async bounded =>
        {
            while ((await membership.RefreshAsync(bounded)).Find(target.Tag) is not null)
            {
                await PauseAsync(bounded);
            }
        }, cancellationToken);

    /// <summary>Waits for a moment: two nodes see different views.</summary>
    /// <inheritdoc cref="GoneOrWorthAnotherTryAsync"/>
    public Task<bool> PausedAsync(long since, CancellationToken cancellationToken) => TryAsync(since, PauseAsync, cancellationToken);

    private Task PauseAsync(CancellationToken cancellationToken) => Task.Delay(PauseBeforeTryingAgain, time, cancellationToken);

    private async Task<bool> TryAsync(long since, Func<CancellationToken, Task> waitAsync, CancellationToken cancellationToken)
    {
        var left = options.Value.FailoverTimeout - time.GetElapsedTime(since);
        if (left <= TimeSpan.Zero)
        {
            return false;
        }

        using var timeout = new CancellationTokenSource(left, time);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            await waitAsync(bounded.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
