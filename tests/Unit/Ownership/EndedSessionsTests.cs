using Microsoft.Extensions.Time.Testing;
using StickySessions.Ownership;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class EndedSessionsTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly FakeTimeProvider _time = new();
    private readonly EndedSessions _ended;

    public EndedSessionsTests() => _ended = new EndedSessions(_time);

    [Fact]
    public void TryGet_UntilTheTimeIsUp_Remembers()
    {
        var id = SessionId.New();
        _ended.Add(id, 3, Day);

        _time.Advance(Day - TimeSpan.FromSeconds(1));
        Assert.True(_ended.TryGet(id, out var epoch));
        Assert.Equal(3u, epoch);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(_ended.TryGet(id, out _));
    }

    [Fact]
    public void All_GivesWhatIsLeftOfEachTombstone()
    {
        _ended.Add(new SessionId(1, 1), 3, Day);
        _ended.Add(new SessionId(2, 2), 4, 2 * Day);
        _time.Advance(Day / 2);
        Assert.Equal([(new SessionId(1, 1), 3u, Day / 2), (new SessionId(2, 2), 4u, 1.5 * Day)], _ended.All());

        _time.Advance(Day / 2);
        Assert.Equal([(new SessionId(2, 2), 4u, Day)], _ended.All());
    }

    [Fact]
    public void Add_Twice_KeepsTheFirst()
    {
        var id = SessionId.New();
        _ended.Add(id, 3, Day);
        _ended.Add(id, 4, Day);

        Assert.True(_ended.TryGet(id, out var epoch));
        Assert.Equal(3u, epoch);
    }

    [Fact]
    public void Add_BeyondTheCapacity_ForgetsTheOldest()
    {
        for (var i = 0UL; i <= EndedSessions.Capacity; i++)
        {
            _ended.Add(new SessionId(i, i), 2, Day);
        }

        Assert.False(_ended.TryGet(new SessionId(0, 0), out _));
        Assert.True(_ended.TryGet(new SessionId(1, 1), out _));
        Assert.True(_ended.TryGet(new SessionId(EndedSessions.Capacity, EndedSessions.Capacity), out _));
    }

    [Fact]
    public void Add_AfterTheTimeWasUp_RemembersAnew()
    {
        var id = SessionId.New();
        _ended.Add(id, 3, Day);
        _time.Advance(Day);
        _ended.Add(id, 4, Day);

        Assert.True(_ended.TryGet(id, out var epoch));
        Assert.Equal(4u, epoch);
    }
}
