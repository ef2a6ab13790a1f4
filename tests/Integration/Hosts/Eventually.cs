using System.Diagnostics;
using System.Runtime.CompilerServices;
using StackExchange.Redis;

namespace StickySessions.Tests.Integration.Hosts;

/// <summary>Waits until something becomes true; nothing in the tests waits for a length of time.</summary>
internal static class Eventually
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    /// <param name="condition">What must become true.</param>
    /// <param name="because">What did not happen, for the failure's message. Default: the condition as it is written.</param>
    /// <param name="timeout">Default: one minute, generous because a busy machine is no failure.</param>
    public static Task Async(
        Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string because = "", TimeSpan? timeout = null)
        => Async(() => Task.FromResult(condition()), because, timeout);

    /// <inheritdoc cref="Async(Func{bool}, string, TimeSpan?)"/>
    public static async Task Async(
        Func<Task<bool>> condition, [CallerArgumentExpression(nameof(condition))] string because = "", TimeSpan? timeout = null)
    {
        var limit = timeout ?? TimeSpan.FromMinutes(1);
        var watch = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(PollInterval);
        while (!await HoldsAsync(condition))
        {
            Assert.True(watch.Elapsed < limit, $"Not within {limit.TotalSeconds:0.#} s: {because}");
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    // A store that did not answer a busy machine in time was no answer, and is asked again.
    private static async Task<bool> HoldsAsync(Func<Task<bool>> condition)
    {
        try
        {
            return await condition();
        }
        catch (RedisTimeoutException)
        {
            return false;
        }
    }
}
