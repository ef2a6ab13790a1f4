using Microsoft.Extensions.Time.Testing;
using StickySessions.Ownership;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class GivenAwaySessionsTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly GivenAwaySessions _sessions;

    public GivenAwaySessionsTests() => _sessions = new GivenAwaySessions(_time);

    [Fact]
    public void Add_Again_KeepsTheHighestEpochForTheWholeTimeFromThen()
    {
        var id = SessionId.New();
        _sessions.Add(id, 5);
        _time.Advance(GivenAwaySessions.KeptFor / 2);
        _sessions.Add(id, 3);
        _time.Advance(GivenAwaySessions.KeptFor / 2);
        _sessions.Add(SessionId.New(), 1); // clears away what has expired

        Assert.Equal(5u, _sessions.UpTo(id));
        _time.Advance(GivenAwaySessions.KeptFor / 2);
        Assert.Equal(0u, _sessions.UpTo(id));
    }

    [Fact]
    public void Add_BeyondTheCapacity_ForgetsTheOldest()
    {
        var first = new SessionId(1, 0);
        for (var i = 0u; i <= GivenAwaySessions.Capacity; i++)
        {
            _sessions.Add(new SessionId(1, i), 2);
        }

        Assert.Equal(0u, _sessions.UpTo(first));
        Assert.Equal(2u, _sessions.UpTo(new SessionId(1, 1)));
        Assert.Equal(2u, _sessions.UpTo(new SessionId(1, GivenAwaySessions.Capacity)));
    }

    [Fact]
    public void Add_AfterAnEntryHasExpired_CountsFromAnew()
    {
        var id = SessionId.New();
        _sessions.Add(id, 5);
        _time.Advance(GivenAwaySessions.KeptFor);
        _sessions.Add(id, 2);

        Assert.Equal(2u, _sessions.UpTo(id));
    }
}
