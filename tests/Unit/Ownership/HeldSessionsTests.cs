using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

/// <summary>Entering and leaving what a node holds.</summary>
public sealed class HeldSessionsTests : HeldSessionsTestBase
{
    [Fact]
    public void TryEnter_AnUnknownSession_IsNotHeld()
    {
        Assert.Equal(EnterStatus.NotHeld, Sessions.TryEnter(Id, 1, out var held));
        Assert.Null(held);
    }

    [Fact]
    public void TryEnter_AfterAdopt_EntersTheSame()
    {
        var adopted = Adopt(1);
        Sessions.Exit(adopted);

        Assert.Equal(EnterStatus.Entered, Sessions.TryEnter(Id, 1, out var held));
        Assert.Same(adopted, held);
        Assert.Equal(1, held!.Running);
        Assert.Equal(1, Sessions.Count);
    }

    [Fact]
    public void TryEnter_WithinTheIdleTimeoutOfTheLastExit_Enters()
    {
        var held = Adopt(1);
        Time.Advance(Policy.IdleTimeout * 3);
        Sessions.Exit(held);

        Time.Advance(Policy.IdleTimeout - TimeSpan.FromMilliseconds(1));
        Assert.Equal(EnterStatus.Entered, Sessions.TryEnter(Id, 1, out _));
    }

    [Fact]
    public void TryEnter_AfterTheIdleTimeout_IsNotHeldThoughNobodySwept()
    {
        Sessions.Exit(Adopt(1));
        Time.Advance(Policy.IdleTimeout);

        Assert.Null(Sessions.Find(Id));
        Assert.Equal(EnterStatus.NotHeld, Sessions.TryEnter(Id, 1, out _));
        Assert.Equal(0, Sessions.Count);
    }

    [Fact]
    public void TryEnter_AfterTheAbsoluteTimeout_IsNotHeldThoughRequestsRun()
    {
        // It was created elsewhere, before this node adopted it.
        Sessions.Adopt(Id, 2, Time.GetUtcNow() - Policy.AbsoluteTimeout + TimeSpan.FromMinutes(1), Policy, out var running);
        Time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(EnterStatus.NotHeld, Sessions.TryEnter(Id, 2, out _));
        Sessions.Exit(running!);
    }

    [Fact]
    public void TryEnter_WithAHigherEpochThanHeld_DropsIt()
    {
        var held = Adopt(1);

        Assert.Equal(EnterStatus.NotHeld, Sessions.TryEnter(Id, 2, out _));
        Assert.Equal(0, Sessions.Count);
        Assert.True(held.IsClosed);
    }

    [Fact]
    public void TryEnter_AtTheEpochThatThisNodeMayHaveClaimedSinceItWasDeclaredGone_KeepsTheMemory()
    {
        using var lease = new NodeLease(TimeSpan.FromSeconds(5), Time);
        var sessions = new HeldSessions(Time, lease);
        sessions.Adopt(Id, 1, Time.GetUtcNow(), Policy, out var held);
        lease.Expire();

        Assert.Equal(EnterStatus.NotHeld, sessions.TryEnter(Id, 2, out _));
        sessions.Adopt(Id, 2, Time.GetUtcNow(), Policy, out var same);
        Assert.Same(held, same);
    }

    [Fact]
    public void TryEnter_WithALowerEpochThanHeld_Enters()
    {
        Adopt(3);

        Assert.Equal(EnterStatus.Entered, Sessions.TryEnter(Id, 2, out _));
    }

    [Fact]
    public void TryEnter_AfterEnd_IsEnded_AndCannotBeAdopted()
    {
        var held = Adopt(1);
        held.End();
        Sessions.Exit(held);

        Assert.Equal(EnterStatus.Ended, Sessions.TryEnter(Id, 1, out _));
        Assert.Equal(EnterStatus.Ended, Sessions.TryEnter(Id, 2, out _));
        Assert.Equal(EnterStatus.Ended, Sessions.Adopt(Id, 2, Time.GetUtcNow(), Policy, out _));
        Assert.True(Sessions.Find(Id)!.IsEnded);

        Time.Advance(Policy.IdleTimeout);
        Assert.Equal(EnterStatus.NotHeld, Sessions.TryEnter(Id, 1, out _));
        Assert.Equal(0, Sessions.Count);
    }

    [Fact]
    public void TryEnter_AfterADoubt_IsUnverifiedUntilTheSessionIsAdoptedOrVerified()
    {
        var held = Adopt(1);
        Sessions.DoubtAll();

        Assert.Equal(EnterStatus.Unverified, Sessions.TryEnter(Id, 1, out var unverified));
        Assert.Same(held, unverified);
        Assert.Equal(1, held.Running);

        Adopt(1);
        Assert.Equal(EnterStatus.Entered, Sessions.TryEnter(Id, 1, out _));
    }

    [Fact]
    public void TryEnter_AfterADoubt_OfAnEndedOrOutdatedSession_NeedsNoRecord()
    {
        Adopt(1).End();
        Sessions.DoubtAll();
        Assert.Equal(EnterStatus.Ended, Sessions.TryEnter(Id, 1, out _));

        Sessions.Adopt(SessionId.New(), 1, Time.GetUtcNow(), Policy, out var outdated);
        Sessions.DoubtAll();
        Assert.Equal(EnterStatus.NotHeld, Sessions.TryEnter(outdated!.Id, 2, out _));
    }

    [Fact]
    public void Adopt_ByManyAtOnce_GivesAllTheSame()
    {
        var adopted = new HeldSession[100];
        Parallel.For(0, adopted.Length, i => adopted[i] = Adopt(2));

        Assert.Single(adopted.Distinct());
        Assert.Equal(100, adopted[0].Running);
        Assert.Equal(1, Sessions.Count);
    }

    [Fact]
    public void TryEnterAndExit_OfAHeldSession_AllocateNothing()
    {
        var sessions = new HeldSessions(TimeProvider.System);
        sessions.Adopt(Id, 1, TimeProvider.System.GetUtcNow(), Policy, out _);
        EnterAndExit();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            EnterAndExit();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void EnterAndExit()
        {
            sessions.TryEnter(Id, 1, out var held);
            sessions.Exit(held!);
        }
    }

    [Fact]
    public async Task AdoptEnterExpireAndDrop_AtOnce_KeepTheCountRight()
    {
        var ids = Enumerable.Range(0, 8).Select(_ => SessionId.New()).ToArray();
        var ticks = new TickingTime();
        var sessions = new HeldSessions(ticks);
        var policy = new StickyPolicy("default", new StickyPolicyOptions { IdleTimeout = TimeSpan.FromSeconds(1) });

        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(
            () =>
            {
                var random = new Random(worker);
                for (var i = 0; i < 50_000; i++)
                {
                    ticks.Advance(TimeSpan.FromMilliseconds(20));
                    var id = ids[random.Next(ids.Length)];
                    if (sessions.TryEnter(id, 1, out var held) != EnterStatus.Entered)
                    {
                        while (sessions.Adopt(id, sessions.KnownUpTo(id) + 1, ticks.GetUtcNow(), policy, out held) == EnterStatus.NotHeld)
                        {
                            // Dropped once more meanwhile.
                        }
                    }

                    sessions.Exit(held!);
                    sessions.Expire(held!, ticks.GetTimestamp());
                    if (i % 50 == 0)
                    {
                        sessions.Drop(held!);
                    }
                }
            },
            TestContext.Current.CancellationToken)));

        Assert.Equal(sessions.All().Count(), sessions.Count);
        Assert.All(sessions.All(), held => Assert.Equal(0, held.Running));
    }

    /// <summary>Time that moves without a lock, so that it orders nothing that the test is about.</summary>
    private sealed class TickingTime : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Volatile.Read(ref _now);

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(GetTimestamp());

        public void Advance(TimeSpan by) => Interlocked.Add(ref _now, by.Ticks);
    }
}
