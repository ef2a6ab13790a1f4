using Microsoft.Extensions.Time.Testing;
using StickySessions.Ownership;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class SlowStartTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Percent_FromTheStart_RisesInAStraightLine()
    {
        var start = new SlowStart(TimeSpan.FromSeconds(30), _time);
        start.Begin();

        var seen = new List<int> { start.Percent };
        for (var i = 0; i < 4; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            seen.Add(start.Percent);
        }

        Assert.Equal([10, 40, 70, 100, 100], seen);
    }

    [Fact]
    public void Percent_BeforeTheApplicationHasStarted_DoesNotRise()
    {
        var start = new SlowStart(TimeSpan.FromSeconds(30), _time);
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(SlowStart.FloorPercent, start.Percent);
    }

    [Fact]
    public void Begin_Again_DoesNotStartOver()
    {
        var start = new SlowStart(TimeSpan.FromSeconds(30), _time);
        start.Begin();
        _time.Advance(TimeSpan.FromMinutes(1));
        start.Begin();

        Assert.Equal(100, start.Percent);
    }

    [Fact]
    public void Percent_WithoutSlowStart_IsAll() => Assert.Equal(100, new SlowStart(TimeSpan.Zero, _time).Percent);
}
