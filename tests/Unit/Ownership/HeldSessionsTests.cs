using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class HeldSessionsTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly StickyPolicy _policy = new(StickyPolicy.DefaultName, new StickyPolicyOptions());
    private readonly HeldSessions _sessions;
    private readonly SessionId _id = SessionId.New();

    public HeldSessionsTests() => _sessions = new HeldSessions(_time);

    [Fact]
    public void TryEnter_AnUnknownSession_IsNotHeld()
    {
        Assert.Equal(EnterStatus.NotHeld, _sessions.TryEnter(_id, 1, out var held));
        Assert.Null(held);
    }

    [Fact]
    public void TryEnter_AfterAdopt_EntersTheSame()
    {
        var adopted = Adopt(1);
        _sessions.Exit(adopted);

        Assert.Equal(EnterStatus.Entered, _sessions.TryEnter(_id, 1, out var held));
        Assert.Same(adopted, held);
        Assert.Equal(1, held!.Running);
        Assert.Equal(1, _sessions.Count);
    }

    [Fact]
    public void TryEnter_WithinTheIdleTimeoutOfTheLastExit_Enters()
    {
        var held = Adopt(1);
        _time.Advance(_policy.IdleTimeout * 3);
        _sessions.Exit(held);

        _time.Advance(_policy.IdleTimeout - TimeSpan.FromMilliseconds(1));
        Assert.Equal(EnterStatus.Entered, _sessions.TryEnter(_id, 1, out _));
    }

    [Fact]
    public void TryEnter_AfterTheIdleTimeout_IsNotHeldThoughNobodySwept()
    {
        _sessions.Exit(Adopt(1));
        _time.Advance(_policy.IdleTimeout);

        Assert.Null(_sessions.Find(_id));
        Assert.Equal(EnterStatus.NotHeld, _sessions.TryEnter(_id, 1, out _));
        Assert.Equal(0, _sessions.Count);
    }

    [Fact]
    public void TryEnter_AfterTheAbsoluteTimeout_IsNotHeldThoughRequestsRun()
    {
        // It was created elsewhere, before this node adopted it.
        _sessions.Adopt(_id, 2, _time.GetUtcNow() - _policy.AbsoluteTimeout + TimeSpan.FromMinutes(1), _policy, out var running);
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(EnterStatus.NotHeld, _sessions.TryEnter(_id, 2, out _));
        _sessions.Exit(running!);
    }

    [Fact]
    public void TryEnter_WithAHigherEpochThanHeld_DropsIt()
    {
        var held = Adopt(1);

        Assert.Equal(EnterStatus.NotHeld, _sessions.TryEnter(_id, 2, out _));
        Assert.Equal(0, _sessions.Count);
        Assert.True(held.IsClosed);
    }

    [Fact]
    public void Drop_WhileARequestRuns_LosesTheSessionAndAbortsTheRequest()
    {
        var held = Adopt(1);
        var request = new DefaultHttpContext();
        var lifetime = new Lifetime();
        request.Features.Set<IHttpRequestLifetimeFeature>(lifetime);
        held.Requests.Add(request);

        _sessions.Drop(held);

        Assert.True(held.IsLost);
        Assert.Equal(1, lifetime.Aborts);
    }

    [Fact]
    public void Forget_WhileARequestRuns_LetsItFinish()
    {
        var held = Adopt(1);
        var request = new DefaultHttpContext();
        var lifetime = new Lifetime();
        request.Features.Set<IHttpRequestLifetimeFeature>(lifetime);
        held.Requests.Add(request);

        _sessions.Forget(held);

        Assert.Equal((0, true, false), (_sessions.Count, held.IsClosed, held.IsLost));
        Assert.Equal(0, lifetime.Aborts);
    }

    [Fact]
    public void Adopt_AfterThisNodeWasDeclaredGone_BelongsToTheTermInWhichTheOwnerWasAskedFor()
    {
        using var lease = new NodeLease(TimeSpan.FromSeconds(5), _time);
        var sessions = new HeldSessions(_time, lease);
        sessions.Adopt(_id, 1, _time.GetUtcNow(), _policy, out var held);
        Assert.False(sessions.IsOfEarlierTerm(held!));

        lease.Expire();
        Assert.True(sessions.IsOfEarlierTerm(held!));

        // The answer to a claim that was sent before it was declared gone once more.
        var asked = sessions.Asking();
        lease.Expire();
        sessions.Adopt(_id, 2, _time.GetUtcNow(), _policy, asked, out var same);
        Assert.Same(held, same);
        Assert.True(sessions.IsOfEarlierTerm(held!));

        sessions.Adopt(_id, 3, _time.GetUtcNow(), _policy, out same);
        Assert.Same(held, same);
        Assert.False(sessions.IsOfEarlierTerm(held!));
    }

    [Fact]
    public void TryEnter_AtTheEpochThatThisNodeMayHaveClaimedSinceItWasDeclaredGone_KeepsTheMemory()
    {
        using var lease = new NodeLease(TimeSpan.FromSeconds(5), _time);
        var sessions = new HeldSessions(_time, lease);
        sessions.Adopt(_id, 1, _time.GetUtcNow(), _policy, out var held);
        lease.Expire();

        Assert.Equal(EnterStatus.NotHeld, sessions.TryEnter(_id, 2, out _));
        sessions.Adopt(_id, 2, _time.GetUtcNow(), _policy, out var same);
        Assert.Same(held, same);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public void Keep_ClaimedAgain_IsKeptIfNobodyOwnedItInBetween(uint epoch, bool isKept)
    {
        var held = Adopt(1);

        _sessions.Keep(held, epoch, _sessions.Asking());

        Assert.Equal(isKept, !held.IsLost);
        Assert.Equal(isKept ? 1 : 0, _sessions.Count);
    }

    [Fact]
    public void Requests_ThatAreRemoved_AreNotAborted()
    {
        var requests = new RunningRequests();
        var contexts = Enumerable.Range(0, 5).Select(_ => new DefaultHttpContext()).ToArray();
        var lifetimes = contexts.Select(_ => new Lifetime()).ToArray();
        for (var i = 0; i < contexts.Length; i++)
        {
            contexts[i].Features.Set<IHttpRequestLifetimeFeature>(lifetimes[i]);
            requests.Add(contexts[i]);
        }

        requests.Remove(contexts[1]);
        requests.Remove(contexts[4]);
        requests.Remove(contexts[4]);

        Assert.Equal(3, requests.AbortAll());
        Assert.Equal([1, 0, 1, 1, 0], lifetimes.Select(lifetime => lifetime.Aborts));
    }

    [Fact]
    public void Requests_OnceAsManyRan_AllocateNothing()
    {
        var requests = new RunningRequests();
        var contexts = new[] { new DefaultHttpContext(), new DefaultHttpContext(), new DefaultHttpContext() };
        Run();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            Run();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Run()
        {
            foreach (var context in contexts)
            {
                requests.Add(context);
            }

            foreach (var context in contexts)
            {
                requests.Remove(context);
            }
        }
    }

    [Fact]
    public void TryEnter_WithALowerEpochThanHeld_Enters()
    {
        Adopt(3);

        Assert.Equal(EnterStatus.Entered, _sessions.TryEnter(_id, 2, out _));
    }

    [Fact]
    public void TryEnter_AfterEnd_IsEnded_AndCannotBeAdopted()
    {
        var held = Adopt(1);
        held.End();
        _sessions.Exit(held);

        Assert.Equal(EnterStatus.Ended, _sessions.TryEnter(_id, 1, out _));
        Assert.Equal(EnterStatus.Ended, _sessions.TryEnter(_id, 2, out _));
        Assert.Equal(EnterStatus.Ended, _sessions.Adopt(_id, 2, _time.GetUtcNow(), _policy, out _));
        Assert.True(_sessions.Find(_id)!.IsEnded);

        _time.Advance(_policy.IdleTimeout);
        Assert.Equal(EnterStatus.NotHeld, _sessions.TryEnter(_id, 1, out _));
        Assert.Equal(0, _sessions.Count);
    }

    [Fact]
    public void TryEnter_AfterADoubt_IsUnverifiedUntilTheSessionIsAdoptedOrVerified()
    {
        var held = Adopt(1);
        _sessions.DoubtAll();

        Assert.Equal(EnterStatus.Unverified, _sessions.TryEnter(_id, 1, out var unverified));
        Assert.Same(held, unverified);
        Assert.Equal(1, held.Running);

        Adopt(1);
        Assert.Equal(EnterStatus.Entered, _sessions.TryEnter(_id, 1, out _));
    }

    [Fact]
    public void TryEnter_AfterADoubt_OfAnEndedOrOutdatedSession_NeedsNoRecord()
    {
        Adopt(1).End();
        _sessions.DoubtAll();
        Assert.Equal(EnterStatus.Ended, _sessions.TryEnter(_id, 1, out _));

        _sessions.Adopt(SessionId.New(), 1, _time.GetUtcNow(), _policy, out var outdated);
        _sessions.DoubtAll();
        Assert.Equal(EnterStatus.NotHeld, _sessions.TryEnter(outdated!.Id, 2, out _));
    }

    [Fact]
    public void Adopt_OnAnAnswerFromBeforeADoubt_IsUnverified()
    {
        var asked = _sessions.Asking();
        _sessions.DoubtAll();

        _sessions.Adopt(_id, new SessionClaim(2, 22), _time.GetUtcNow(), _policy, asked, out _);

        Assert.Equal(EnterStatus.Unverified, _sessions.TryEnter(_id, 1, out _));
    }

    [Fact]
    public void Adopt_AtTheSameEpochByAnotherClaim_TakesItsNonce()
    {
        var held = Adopt(2);

        _sessions.Adopt(_id, new SessionClaim(2, 22), _time.GetUtcNow(), _policy, out var again);

        Assert.Same(held, again);
        Assert.Equal(new SessionClaim(2, 22), held.Claim);
    }

    [Fact]
    public void Adopt_AtTheNextEpoch_KeepsTheMemory()
    {
        var held = Adopt(1);

        Assert.Same(held, Adopt(2));
        Assert.Equal(2u, held.Epoch);
    }

    [Fact]
    public void Adopt_AfterAnotherNodeOwnedIt_DropsTheOldMemory()
    {
        var stale = Adopt(1);

        var held = Adopt(3);

        Assert.NotSame(stale, held);
        Assert.True(stale.IsClosed);
        Assert.Equal(1, _sessions.Count);
    }

    [Fact]
    public void Adopt_OnAnAnswerFromBeforeTheSessionWasDropped_IsRefused()
    {
        var lost = Adopt(2);
        _sessions.Drop(lost);

        Assert.Equal(2u, _sessions.KnownUpTo(_id));
        Assert.Equal(EnterStatus.NotHeld, _sessions.Adopt(_id, 2, _time.GetUtcNow(), _policy, out var revived));
        Assert.Null(revived);
        Assert.Equal(EnterStatus.NotHeld, _sessions.TryEnter(_id, 1, out _));
        Assert.Equal(0, _sessions.Count);
        Assert.NotSame(lost, Adopt(3));
    }

    [Fact]
    public void Adopt_BelowTheEpochAtWhichAnotherNodeOwnsTheSession_IsRefused()
    {
        _sessions.Drop(Adopt(2), ownedElsewhereAt: 4);

        Assert.Equal(EnterStatus.NotHeld, _sessions.Adopt(_id, 3, _time.GetUtcNow(), _policy, out _));
    }

    [Fact]
    public void Drop_IsRememberedForLongerThanAnyAnswerTakes()
    {
        _sessions.Drop(Adopt(2));

        _time.Advance(GivenAwaySessions.KeptFor - TimeSpan.FromTicks(1));
        Assert.Equal(2u, _sessions.KnownUpTo(_id));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(0u, _sessions.KnownUpTo(_id));
        Adopt(2);
    }

    [Fact]
    public void LearnEnded_OfASessionThatEndedHere_KeepsItAsEnded()
    {
        var held = Adopt(1);
        held.End();

        _sessions.LearnEnded(_id, 2);

        Assert.Equal(EnterStatus.Ended, _sessions.Adopt(_id, 3, _time.GetUtcNow(), _policy, out _));
        Assert.False(held.IsLost); // what runs in it may finish
    }

    [Fact]
    public void LearnEnded_OfASessionThatEndedElsewhere_EndsWhatRunsInItAndRefusesWhoComesBack()
    {
        var held = Adopt(2);

        _sessions.LearnEnded(_id, 4);

        Assert.True(held.IsLost);
        Assert.Equal(EnterStatus.Ended, _sessions.TryEnter(_id, 1, out _));
        Assert.Equal(EnterStatus.Ended, _sessions.Adopt(_id, 3, _time.GetUtcNow(), _policy, out _));
    }

    [Fact]
    public void LearnEnded_OfASessionThatIsNotHeld_RefusesAnAnswerFromBefore()
    {
        _sessions.LearnEnded(_id, 3);

        Assert.Equal(EnterStatus.NotHeld, _sessions.Adopt(_id, 2, _time.GetUtcNow(), _policy, out _));
    }

    [Fact]
    public void Adopt_ByManyAtOnce_GivesAllTheSame()
    {
        var adopted = new HeldSession[100];
        Parallel.For(0, adopted.Length, i => adopted[i] = Adopt(2));

        Assert.Single(adopted.Distinct());
        Assert.Equal(100, adopted[0].Running);
        Assert.Equal(1, _sessions.Count);
    }

    [Fact]
    public void TryEnterAndExit_OfAHeldSession_AllocateNothing()
    {
        var sessions = new HeldSessions(TimeProvider.System);
        sessions.Adopt(_id, 1, TimeProvider.System.GetUtcNow(), _policy, out _);
        EnterAndExit();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            EnterAndExit();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void EnterAndExit()
        {
            sessions.TryEnter(_id, 1, out var held);
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

    private HeldSession Adopt(uint epoch)
    {
        Assert.Equal(EnterStatus.Entered, _sessions.Adopt(_id, epoch, _time.GetUtcNow(), _policy, out var held));
        return held!;
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

    private sealed class Lifetime : IHttpRequestLifetimeFeature
    {
        public CancellationToken RequestAborted { get; set; }

        public int Aborts { get; private set; }

        public void Abort() => Aborts++;
    }
}
