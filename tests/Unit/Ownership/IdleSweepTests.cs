using Microsoft.Extensions.Time.Testing;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class IdleSweepTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly StickyPolicy _policy = new(StickyPolicy.DefaultName, new StickyPolicyOptions());
    private readonly HeldSessions _sessions;
    private readonly IdleSweep _sweep;

    public IdleSweepTests()
    {
        _sessions = new HeldSessions(_time);
        _sweep = new IdleSweep(_sessions, _time);
    }

    public void Dispose() => _sweep.Dispose();

    [Fact]
    public async Task Sweep_OfAHundredThousandExpiredSessions_TakesThemInSlices()
    {
        const int Many = 100_000;
        await _sweep.StartAsync(TestContext.Current.CancellationToken);
        for (var i = 0; i < Many; i++)
        {
            _sessions.Exit(Adopt());
        }

        // One call of the timer is one slice, however late it is.
        _time.Advance(_policy.IdleTimeout);
        var slices = 1;
        for (var left = Many - IdleSweep.SliceSize; left > 0; left -= IdleSweep.SliceSize)
        {
            Assert.Equal(left, _sessions.Count);
            _time.Advance(IdleSweep.PauseBetweenSlices);
            slices++;
        }

        Assert.Equal(0, _sessions.Count);
        Assert.Equal(Many / IdleSweep.SliceSize, slices);
    }

    [Fact]
    public async Task Sweep_OfASessionThatIsUnusedForAWhile_TakesOnlyWhatItsRequestsShare()
    {
        await _sweep.StartAsync(TestContext.Current.CancellationToken);
        var held = Adopt();
        held.Feature = new object();

        _time.Advance(3 * IdleSweep.PauseBetweenRounds);
        Assert.NotNull(held.Feature); // a request runs
        _sessions.Exit(held);
        _time.Advance(3 * IdleSweep.PauseBetweenRounds);

        Assert.Null(held.Feature);
        Assert.Equal(EnterStatus.Entered, _sessions.TryEnter(held.Id, 1, out _));
    }

    [Theory]
    [InlineData(IdleSweep.Crowd, false)]
    [InlineData(IdleSweep.Crowd + 1, true)]
    public async Task Sweep_OfManySessionsWithoutASecondRequest_ExpiresThemEarlyOnlyInACrowd(int many, bool expires)
    {
        await _sweep.StartAsync(TestContext.Current.CancellationToken);
        var came = Adopt();
        _sessions.Exit(came);
        Assert.Equal(EnterStatus.Entered, _sessions.TryEnter(came.Id, 1, out _));
        _sessions.Exit(came);
        var running = Adopt();
        for (var i = 0; i < many - 1; i++)
        {
            _sessions.Exit(Adopt());
        }

        RunRound(many);
        Assert.Equal(many + 1, _sessions.Count);

        _time.Advance(_policy.FirstRequestTimeout);
        RunRound(many);
        RunRound(many);
        Assert.Equal(expires ? 2 : many + 1, _sessions.Count);
        Assert.Contains(came, _sessions.All());
        Assert.Contains(running, _sessions.All());
    }

    [Fact]
    public async Task Sweep_RoundAfterRound_LeavesRunningAndRecentSessionsAlone()
    {
        await _sweep.StartAsync(TestContext.Current.CancellationToken);
        var running = Adopt();
        _sessions.Exit(Adopt());

        _time.Advance(_policy.IdleTimeout);
        Assert.Equal([running], _sessions.All());

        _sessions.Exit(running);
        _time.Advance(IdleSweep.PauseBetweenRounds);
        Assert.Equal(1, _sessions.Count);

        _time.Advance(_policy.IdleTimeout);
        Assert.Equal(0, _sessions.Count);
    }

    [Fact]
    public async Task Sweep_AfterStop_IsOver()
    {
        await _sweep.StartAsync(TestContext.Current.CancellationToken);
        _sessions.Exit(Adopt());
        await _sweep.StopAsync(TestContext.Current.CancellationToken);

        _time.Advance(_policy.IdleTimeout * 2);

        Assert.Equal(1, _sessions.Count);
    }

    private HeldSession Adopt()
    {
        _sessions.Adopt(SessionId.New(), 1, _time.GetUtcNow(), _policy, out var held);
        return held!;
    }

    private void RunRound(int sessions)
    {
        _time.Advance(IdleSweep.PauseBetweenRounds);
        for (var swept = 0; swept <= sessions + 1; swept += IdleSweep.SliceSize)
        {
            _time.Advance(IdleSweep.PauseBetweenSlices);
        }
    }
}
