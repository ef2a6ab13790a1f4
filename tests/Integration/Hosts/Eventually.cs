using System.Diagnostics;

namespace StickySessions.Tests.Integration.Hosts;

/// <summary>Waits until something becomes true; nothing in the tests waits for a length of time.</summary>
internal static class Eventually
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    /// <param name="condition">What must become true.</param>
    /// <param name="because">What did not happen, for the failure's message.</param>
    /// <param name="timeout">Default: 30 seconds, generous because a busy machine is no failure.</param>
    public static Task Async(Func<bool> condition, string because, TimeSpan? timeout = null)
        => Async(() => Task.FromResult(condition()), because, timeout);

    /// <inheritdoc cref="Async(Func{bool}, string, TimeSpan?)"/>
    public static async Task Async(Func<Task<bool>> condition, string because, TimeSpan? timeout = null)
    {
        var limit = timeout ?? TimeSpan.FromSeconds(30);
        var watch = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(PollInterval);
        while (!await condition())
        {
            Assert.True(watch.Elapsed < limit, $"Not within {limit.TotalSeconds:0.#} s: {because}");
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }
}
