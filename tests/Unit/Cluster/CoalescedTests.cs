using StickySessions.Cluster;

namespace StickySessions.Tests.Unit.Cluster;

public sealed class CoalescedTests
{
    [Fact]
    public async Task CallsWhileOneRuns_ShareTheNextRun()
    {
        var runs = 0;
        var gate = new SemaphoreSlim(0);
        var coalesced = new Coalesced(async () =>
        {
            Interlocked.Increment(ref runs);
            await gate.WaitAsync();
        });

        var first = coalesced.RunAsync();
        while (Volatile.Read(ref runs) == 0)
        {
            await Task.Yield();
        }

        var others = Enumerable.Range(0, 10).Select(_ => coalesced.RunAsync()).ToArray();

        _ = Assert.Single(others.Distinct());
        Assert.False(ReferenceEquals(first, others[0]));
        _ = gate.Release(2);
        await Task.WhenAll([first, .. others]);
        Assert.Equal(2, runs);
    }

    [Fact]
    public async Task RunThatFails_TellsItsCallersAndNotTheNext()
    {
        var fail = true;
        var coalesced = new Coalesced(() => fail ? Task.FromException(new InvalidOperationException("first")) : Task.CompletedTask);

        await Assert.ThrowsAsync<InvalidOperationException>(coalesced.RunAsync);
        fail = false;

        await coalesced.RunAsync();
    }
}
