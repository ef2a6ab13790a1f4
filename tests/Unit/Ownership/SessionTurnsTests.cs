using Microsoft.Extensions.Time.Testing;
using StickySessions.Ownership;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class SessionTurnsTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();
    private readonly SessionTurns _turns;
    private readonly HeldSession _session = NewSession();

    public SessionTurnsTests() => _turns = new SessionTurns(_time);

    [Fact]
    public async Task Join_WhereNobodyIs_HasTheTurnAtOnce()
    {
        using var turn = _turns.Join(_session, mostWaiting: 0);

        Assert.True(turn.IsAnswered);
        Assert.Equal(TurnStatus.Taken, await turn.Answer);
    }

    [Fact]
    public async Task Join_WhileAnotherHasTheTurn_WaitsInTheOrderOfComing()
    {
        var first = _turns.Join(_session, 16);
        var second = _turns.Join(_session, 16);
        var third = _turns.Join(_session, 16);
        var (waitsSecond, waitsThird) = (WaitAsync(second), WaitAsync(third));
        Assert.Equal((1, 2), (_turns.Sessions, _turns.Waiting));

        first.Dispose();
        Assert.Equal(TurnStatus.Taken, await waitsSecond);
        Assert.False(waitsThird.IsCompleted);

        second.Dispose();
        Assert.Equal(TurnStatus.Taken, await waitsThird);

        third.Dispose();
        Assert.Equal((0, 0), (_turns.Sessions, _turns.Waiting));
    }

    [Fact]
    public void Join_AnotherSession_HasItsOwnTurn()
    {
        using var one = _turns.Join(_session, 16);
        using var other = _turns.Join(NewSession(), 16);

        Assert.True(one.IsAnswered);
        Assert.True(other.IsAnswered);
    }

    [Fact]
    public async Task Join_WhereAsManyWaitAsMay_IsBusy()
    {
        using var runs = _turns.Join(_session, 2);
        using var one = _turns.Join(_session, 2);
        using var two = _turns.Join(_session, 2);

        using var beyond = _turns.Join(_session, 2);

        Assert.Equal(TurnStatus.Busy, await beyond.Answer);
        Assert.False(two.IsAnswered);
        Assert.Equal(2, _turns.Waiting);
    }

    [Fact]
    public async Task Join_UnderTheTurnItself_IsReentered()
    {
        using var runs = _turns.Join(_session, 16);

        using var within = _turns.Join(_session, 16, $"0123456789abcdef.{runs.Id}");
        using var beside = _turns.Join(_session, 16, "0123456789abcdef");

        Assert.Equal(TurnStatus.Reentered, await within.Answer);
        Assert.False(beside.IsAnswered);
    }

    [Fact]
    public async Task WaitAsync_LongerThanItMay_IsBusyAndTheNextOneIsNotHeldUp()
    {
        var runs = _turns.Join(_session, 16);
        var late = WaitAsync(_turns.Join(_session, 16));
        _time.Advance(Timeout - TimeSpan.FromSeconds(1));
        var next = WaitAsync(_turns.Join(_session, 16));
        Assert.False(late.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(TurnStatus.Busy, await late);
        Assert.Equal(1, _turns.Waiting);
        runs.Dispose();
        Assert.Equal(TurnStatus.Taken, await next);
    }

    [Fact]
    public async Task WaitAsync_ClientThatGoes_LeavesTheLine()
    {
        var runs = _turns.Join(_session, 16);
        using var client = new CancellationTokenSource();
        var gone = _turns.Join(_session, 16).WaitAsync(Timeout, client.Token);
        var next = WaitAsync(_turns.Join(_session, 16));

        await client.CancelAsync();

        Assert.Equal(TurnStatus.ClientGone, await gone);
        runs.Dispose();
        Assert.Equal(TurnStatus.Taken, await next);
    }

    [Fact]
    public async Task GiveUp_OnceItHasTheTurn_ChangesNothing()
    {
        var runs = _turns.Join(_session, 16);
        var next = _turns.Join(_session, 16);
        runs.Dispose();

        next.GiveUp(TurnStatus.Busy);
        using var last = _turns.Join(_session, 16);

        Assert.Equal(TurnStatus.Taken, await next.Answer);
        Assert.False(last.IsAnswered);
    }

    [Fact]
    public void Dispose_Twice_GivesTheTurnBackOnce()
    {
        var first = _turns.Join(_session, 16);
        using var second = _turns.Join(_session, 16);
        using var third = _turns.Join(_session, 16);

        first.Dispose();
        first.Dispose();

        Assert.True(second.IsAnswered);
        Assert.False(third.IsAnswered);
    }

    [Fact]
    public async Task Dispose_OfOneThatWaits_TakesItOutOfTheLine()
    {
        var runs = _turns.Join(_session, 16);
        var leaves = _turns.Join(_session, 16);
        using var next = _turns.Join(_session, 16);

        leaves.Dispose();
        Assert.False(next.IsAnswered);
        runs.Dispose();

        Assert.Equal(TurnStatus.Taken, await next.Answer);
    }

    /// <summary>Many requests of few sessions come, wait, give up, run and leave at once, as threads have it.</summary>
    [Fact]
    public async Task ManyAtOnce_NeverTwoInOneSession_AndNobodyIsForgotten()
    {
        const int Callers = 16;
        const int Rounds = 2_000;
        HeldSession[] sessions = [_session, NewSession(), NewSession()];
        var running = new int[sessions.Length];
        var (taken, gone) = (0, 0);

        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            var random = new Random(caller);
            for (var round = 0; round < Rounds; round++)
            {
                var at = random.Next(sessions.Length);
                using var client = new CancellationTokenSource();
                using var turn = _turns.Join(sessions[at], Callers);
                var waiting = turn.WaitAsync(Timeout, client.Token);
                if (random.Next(4) == 0)
                {
                    await client.CancelAsync();
                }

                if (await waiting == TurnStatus.Taken)
                {
                    Assert.Equal(1, Interlocked.Increment(ref running[at]));
                    await Task.Yield();
                    Interlocked.Decrement(ref running[at]);
                    Interlocked.Increment(ref taken);
                }
                else
                {
                    Interlocked.Increment(ref gone);
                }
            }
        }))).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken); // a turn that is lost would let the rest wait for ever

        Assert.Equal(Callers * Rounds, taken + gone);
        Assert.True(gone > 0, "some gave up while they waited");
        Assert.Equal((0, 0), (_turns.Sessions, _turns.Waiting));
    }

    private static Task<TurnStatus> WaitAsync(SessionTurn turn) => turn.WaitAsync(Timeout, TestContext.Current.CancellationToken);

    private static HeldSession NewSession() => new(SessionId.New(), new SessionClaim(1, default), DateTimeOffset.UnixEpoch, now: 0, HeldPolicies.Idle(ticks: 10), deadline: 1_000);
}
