using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace StickySessions.Tests.Integration.Cluster;

internal static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    /// <summary>Polls until the condition holds; the deadline only bounds a failure.</summary>
    public static async Task TrueAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string? what = null)
    {
        var began = Stopwatch.GetTimestamp();
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < Deadline, $"Never: {what}");
            await poll.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }
}
