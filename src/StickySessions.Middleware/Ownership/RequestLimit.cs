using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;

namespace StickySessions.Ownership;

/// <summary>
/// How many requests of sessions run in the application at once, and what happens to those beyond that. Safe for concurrent use.
/// </summary>
internal sealed class RequestLimit : IDisposable
{
    private readonly ConcurrencyLimiter? _limiter;
    private readonly FullNodeBehavior _whenFull;
    private readonly TimeSpan _queueTimeout;
    private readonly TimeProvider _time;
    private int _waiting;

    public RequestLimit(IOptions<StickyNodeOptions> options, TimeProvider time)
    {
        var node = options.Value;
        _whenFull = node.WhenFull;
        _queueTimeout = node.QueueTimeout;
        _time = time;
        _limiter = node.MaxRequests is not { } most ? null : new ConcurrencyLimiter(new ConcurrencyLimiterOptions
        {
            PermitLimit = most,
            QueueLimit = node.WhenFull == FullNodeBehavior.Queue ? node.QueueLimit : 0,
            QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        });
    }

    public bool IsSet => _limiter is not null;

    /// <summary>Whether one more request would be beyond the limit.</summary>
    public bool IsFull => _limiter?.GetStatistics() is { CurrentAvailablePermits: 0 };

    /// <summary>Whether a request beyond the limit does not simply run.</summary>
    public bool Refuses => _whenFull != FullNodeBehavior.Serve && IsFull;

    /// <summary>How many requests wait for their turn.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    public void Dispose() => _limiter?.Dispose();

    /// <summary>Takes a place for a request, and waits for one if the node is full and the option says so.</summary>
    public async ValueTask<RequestAdmission> EnterAsync(CancellationToken cancellationToken)
    {
        var lease = _limiter!.AttemptAcquire();
        if (lease.IsAcquired)
        {
            return new RequestAdmission(AdmissionStatus.Free, lease);
        }

        switch (_whenFull)
        {
            case FullNodeBehavior.Serve:
                return new RequestAdmission(AdmissionStatus.Beyond, lease);
            case FullNodeBehavior.Shed:
                return new RequestAdmission(AdmissionStatus.Shed, lease);
            default:
                return await WaitAsync(cancellationToken);
        }
    }

    private async Task<RequestAdmission> WaitAsync(CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_queueTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        Interlocked.Increment(ref _waiting);
        try
        {
            var lease = await _limiter!.AcquireAsync(permitCount: 1, either.Token);
            return new RequestAdmission(lease.IsAcquired ? AdmissionStatus.Queued : AdmissionStatus.Shed, lease);
        }
        catch (OperationCanceledException)
        {
            return new RequestAdmission(cancellationToken.IsCancellationRequested ? AdmissionStatus.ClientGone : AdmissionStatus.Shed, null);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}

internal enum AdmissionStatus
{
    /// <summary>There was a place.</summary>
    Free,

    /// <summary>There was none, and it runs nevertheless.</summary>
    Beyond,

    /// <summary>It had to wait for a place.</summary>
    Queued,

    /// <summary>It does not run, since there is no place.</summary>
    Shed,

    /// <summary>It does not run, since its session has left this node while it waited.</summary>
    SessionLost,

    /// <summary>Nobody waits for its answer any more.</summary>
    ClientGone,
}

/// <summary>The place of a request among those that run. Disposing it, once or more often, gives the place back.</summary>
internal readonly record struct RequestAdmission(AdmissionStatus Status, RateLimitLease? Place) : IDisposable
{
    public bool Runs => Status is AdmissionStatus.Free or AdmissionStatus.Beyond or AdmissionStatus.Queued;

    public void Dispose() => Place?.Dispose();
}
