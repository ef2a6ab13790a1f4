using System.Reflection;
using StackExchange.Redis;
using StickySessions.Redis;

namespace StickySessions.Tests.Unit.Redis;

public sealed class LastingConnectionTests : IAsyncDisposable
{
    private readonly Queue<TaskCompletionSource<IConnectionMultiplexer>> _attempts = new();
    private readonly LastingConnection _connection;

    public LastingConnectionTests() => _connection = new LastingConnection(() =>
    {
        var attempt = new TaskCompletionSource<IConnectionMultiplexer>();
        lock (_attempts)
        {
            _attempts.Enqueue(attempt);
            Monitor.PulseAll(_attempts);
        }

        return attempt.Task;
    });

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    [Fact]
    public async Task Get_Again_GivesTheSame()
    {
        var made = DispatchProxy.Create<IConnectionMultiplexer, Unused>();
        var first = _connection.GetAsync();
        NextAttempt().SetResult(made);

        Assert.Same(made, await first);
        Assert.Same(made, await _connection.GetAsync());
        Assert.Empty(_attempts);
    }

    [Fact]
    public async Task Get_AfterAFailure_FailsAtOnceAndTriesAgain()
    {
        var made = DispatchProxy.Create<IConnectionMultiplexer, Unused>();
        var first = _connection.GetAsync();
        NextAttempt().SetException(new RedisException("no master"));
        await Assert.ThrowsAsync<RedisException>(() => first);

        // While the second attempt is under way nobody waits for it.
        Assert.True(_connection.GetAsync().IsFaulted);
        Assert.True(_connection.GetAsync().IsFaulted);
        var second = NextAttempt();
        Assert.Empty(_attempts);
        second.SetResult(made);

        var deadline = System.Diagnostics.Stopwatch.StartNew();
        while (!_connection.GetAsync().IsCompletedSuccessfully)
        {
            Assert.True(deadline.Elapsed < TimeSpan.FromMinutes(1));
            await Task.Yield();
        }

        Assert.Same(made, await _connection.GetAsync());
    }

    private TaskCompletionSource<IConnectionMultiplexer> NextAttempt()
    {
        lock (_attempts)
        {
            while (_attempts.Count == 0)
            {
                Assert.True(Monitor.Wait(_attempts, TimeSpan.FromMinutes(1)));
            }

            return _attempts.Dequeue();
        }
    }

    /// <summary>A connection of which only the identity matters. Made by reflection, so not sealed.</summary>
    public class Unused : DispatchProxy
    {
        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod?.Name == nameof(IAsyncDisposable.DisposeAsync) ? ValueTask.CompletedTask : throw new NotSupportedException();
    }
}
