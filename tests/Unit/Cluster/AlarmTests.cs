using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;

namespace StickySessions.Tests.Unit.Cluster;

public sealed class AlarmTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Wait_EndsWithTheTime()
    {
        var alarm = new Alarm(_time);
        var wait = alarm.WaitAsync(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.False(await wait);
    }

    [Fact]
    public async Task Ring_BeforeTheWait_IsNotLost()
    {
        var alarm = new Alarm(_time);

        alarm.Ring();

        Assert.True(await alarm.WaitAsync(TimeSpan.FromDays(1), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Ring_IsHeardOnce()
    {
        var alarm = new Alarm(_time);
        alarm.Ring();
        await alarm.WaitAsync(TimeSpan.FromDays(1), TestContext.Current.CancellationToken);

        var second = alarm.WaitAsync(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);

        Assert.False(second.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(await second);
    }
}
