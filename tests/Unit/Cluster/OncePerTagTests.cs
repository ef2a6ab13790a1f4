using StickySessions.Cluster;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Cluster;

public sealed class OncePerTagTests
{
    private static readonly NodeTag Tag = new(1, 1);

    [Fact]
    public async Task Run_WhileItRuns_SharesTheRun_AndRunsAgainLater()
    {
        var runs = 0;
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var once = new OncePerTag(_ =>
        {
            Interlocked.Increment(ref runs);
            return end.Task;
        });

        var waiting = Enumerable.Range(0, 50).Select(_ => once.RunAsync(Tag)).ToArray();
        var other = once.RunAsync(new NodeTag(2, 2));
        end.SetResult();
        await Task.WhenAll([.. waiting, other]);

        Assert.Equal(2, runs);
        await once.RunAsync(Tag);
        Assert.Equal(3, runs);
    }

    [Fact]
    public async Task Run_ThatFailed_IsForgotten()
    {
        var once = new OncePerTag(_ => throw new InvalidOperationException());

        var first = once.RunAsync(Tag);
        await Assert.ThrowsAsync<InvalidOperationException>(() => first);

        Assert.NotSame(first, once.RunAsync(Tag));
    }
}
