using System.Collections.Concurrent;
using System.Diagnostics;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Processes;

/// <summary>What went wrong for a shopper, when the request began and when it failed.</summary>
internal sealed record Failure(long Began, long At, int Shopper, string What)
{
    public override string ToString() => $"shopper {Shopper}: {What}";
}

/// <summary>Shoppers who go on adding to their carts, each request to the next node in rotation, until they are stopped.</summary>
internal sealed class ShopperLoad : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly ConcurrentQueue<Failure> _failures = new();
    private readonly Func<IReadOnlyList<ShopNodeProcess>> _inRotation;
    private readonly Task[] _shoppers;
    private int _requests;
    private int _turn;

    /// <param name="shoppers">How many shop at once.</param>
    /// <param name="inRotation">The nodes that the balancer would use now.</param>
    public ShopperLoad(int shoppers, Func<IReadOnlyList<ShopNodeProcess>> inRotation)
    {
        _inRotation = inRotation;
        Last = new CartSeen?[shoppers];
        _shoppers = [.. Enumerable.Range(0, shoppers).Select(shopper => Task.Run(() => ShopAsync(shopper)))];
    }

    public int Requests => Volatile.Read(ref _requests);

    /// <summary>What each shopper saw last.</summary>
    public CartSeen?[] Last { get; }

    /// <summary>Requests that were not answered well.</summary>
    public IEnumerable<Failure> Failures => _failures;

    /// <summary>Answers that did not show the cart the shopper had, or another session or owner than before.</summary>
    public ConcurrentQueue<Failure> Surprises { get; } = new();

    /// <summary>Waits until so many more requests have been made.</summary>
    public Task MakeRequestsAsync(int more)
    {
        var target = Requests + more;
        return Eventually.Async(() => Requests >= target, $"{more} more requests", TimeSpan.FromMinutes(2));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_shoppers);
        _stop.Dispose();
    }

    private async Task ShopAsync(int number)
    {
        using var shopper = new Shopper();
        while (!_stop.IsCancellationRequested)
        {
            var nodes = _inRotation();
            var node = nodes[(int)((uint)Interlocked.Increment(ref _turn) % (uint)nodes.Count)];
            var began = Stopwatch.GetTimestamp();
            try
            {
                var before = Last[number];
                var seen = await shopper.AddAsync(node.Address, _stop.Token);
                Last[number] = seen;
                if (before is not null && (seen.Count != before.Count + 1 || seen.Session != before.Session || seen.Owner != before.Owner))
                {
                    Surprises.Enqueue(new Failure(began, Stopwatch.GetTimestamp(), number, $"had {before}, then saw {seen}"));
                }
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
            {
                _failures.Enqueue(new Failure(began, Stopwatch.GetTimestamp(), number, exception.Message));
            }
            finally
            {
                Interlocked.Increment(ref _requests);
            }
        }
    }
}
