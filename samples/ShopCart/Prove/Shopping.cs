using System.Net;

namespace ShopCart.Prove;

/// <summary>What all shoppers of a row share: the shop, whose turn it is to send a request, and whether they may go home.</summary>
/// <param name="shop">The balancer's address.</param>
/// <param name="expected">How many requests there will be at least.</param>
internal sealed class Shopping(IPEndPoint shop, int expected) : IDisposable
{
    private const int RequestsAtATime = 64;

    private readonly SemaphoreSlim _turns = new(RequestsAtATime);
    private readonly TaskCompletionSource _isInTheMiddle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _mayEnd = true;
    private int _requests;

    public IPEndPoint Shop => shop;

    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Until then a shopper who has all items of the list goes on with others.</summary>
    public bool MayEnd => _mayEnd;

    /// <returns>The answer; null if there was no whole one.</returns>
    public async Task<HttpAnswer?> SendAsync(string request, CancellationToken cancellationToken)
    {
        await _turns.WaitAsync(cancellationToken);
        try
        {
            return await OneShotClient.SendAsync(shop, request, cancellationToken);
        }
        finally
        {
            _turns.Release();
            if (Interlocked.Increment(ref _requests) == expected / 3)
            {
                _isInTheMiddle.TrySetResult();
            }
        }
    }

    /// <summary>Does something in the middle of the shopping, which does not end before that has.</summary>
    public async Task DisturbAsync(Func<CancellationToken, Task> disturb, CancellationToken cancellationToken)
    {
        _mayEnd = false;
        try
        {
            await _isInTheMiddle.Task.WaitAsync(cancellationToken);
            await disturb(cancellationToken);
        }
        finally
        {
            _mayEnd = true;
        }
    }

    public void Dispose() => _turns.Dispose();
}
