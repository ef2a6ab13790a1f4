using System.Diagnostics;
using StickySessions.Ownership;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class HeldSessionTests
{
    private const long IdleTicks = 10;
    private const long Deadline = 1_000;

    [Fact]
    public void TryExpire_OfAnIdleSession_ClosesItForGood()
    {
        var held = New();

        Assert.False(held.TryExpire(IdleTicks - 1));
        Assert.True(held.TryExpire(IdleTicks));
        Assert.False(held.TryEnter());
    }

    [Fact]
    public void TryExpire_OfARunningSession_NeverSucceedsBeforeTheDeadline()
    {
        var held = New();
        Assert.True(held.TryEnter());

        Assert.False(held.TryExpire(Deadline - 1));
        Assert.True(held.TryExpire(Deadline));
        Assert.False(held.TryEnter());
        Assert.Equal(1, held.Running);
    }

    [Fact]
    public void TryExpire_AfterARequestLeft_CountsFromThere()
    {
        var held = New();
        Assert.True(held.TryEnter());
        held.Exit(now: 50);

        Assert.False(held.TryExpire(50 + IdleTicks - 1));
        Assert.True(held.TryExpire(50 + IdleTicks));
    }

    [Fact]
    public void TryExpire_OfAnEndedSession_KeepsItUntilItWouldHaveExpired()
    {
        var held = New();
        held.End();

        Assert.False(held.TryEnter());
        Assert.False(held.TryExpire(IdleTicks - 1));
        Assert.True(held.TryExpire(IdleTicks));
    }

    [Fact]
    public void Lose_WhileARequestRuns_LetsItFinish_AndNobodyIn()
    {
        var held = New();
        Assert.True(held.TryEnter());

        held.Lose();

        Assert.False(held.TryEnter());
        held.Exit(5);
        Assert.Equal(0, held.Running);
    }

    [Fact]
    public void TryRaiseEpoch_ByOne_Succeeds_AndNotOtherwise()
    {
        var held = New();

        Assert.False(held.TryRaiseEpoch(3));
        Assert.True(held.TryRaiseEpoch(2));
        Assert.False(held.TryRaiseEpoch(2));
        Assert.Equal(2u, held.Epoch);
    }

    [Fact]
    public async Task TryExpire_WhileARequestComesAndGoes_NeverClosesWhatWasJustUsed()
    {
        // Without the count of entries an expiry that was decided before the request came takes effect after it left.
        const int Rounds = 60_000;
        var patience = TimeSpan.FromMinutes(1);
        var watch = Stopwatch.StartNew();
        var current = New();
        var (swept, round, last) = (0, 0, int.MaxValue);
        var sweeper = Task.Factory.StartNew(
            () =>
            {
                for (var i = 1; i <= Volatile.Read(ref last); i++)
                {
                    SpinUntil(ref round, i);
                    current.TryExpire(IdleTicks);
                    Volatile.Write(ref swept, i);
                }
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

        var (served, refused) = (0, 0);
        try
        {
            // On a busy machine one side may win every round for a while: go on until each has won.
            for (var i = 1; i <= Rounds || ((served == 0 || refused == 0) && watch.Elapsed < patience); i++)
            {
                current = New();
                Volatile.Write(ref round, i);
                Thread.SpinWait(i % 8);
                if (i % 64 == 0)
                {
                    Thread.Yield();
                }

                var entered = current.TryEnter();
                if (entered)
                {
                    current.Exit(now: 5);
                }

                SpinUntil(ref swept, i);
                Assert.True(entered != current.IsClosed, $"round {i}: entered {entered}, closed {current.IsClosed}");
                (served, refused) = entered ? (served + 1, refused) : (served, refused + 1);
            }
        }
        finally
        {
            Volatile.Write(ref last, 0);
            Volatile.Write(ref round, int.MaxValue);
        }

        await sweeper;
        Assert.True(served > 0 && refused > 0, $"The race was not run: {served} served, {refused} refused.");
    }

    private static void SpinUntil(ref int value, int expected)
    {
        var spin = new SpinWait();
        while (Volatile.Read(ref value) < expected)
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    private static HeldSession New() => new(new SessionId(1, 2), claim: 1, created: default, now: 0, HeldPolicies.Idle(IdleTicks), Deadline);
}
