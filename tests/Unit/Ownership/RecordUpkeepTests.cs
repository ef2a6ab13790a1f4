using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Redis;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class RecordUpkeepTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new();
    private readonly RecordingDirectory _directory = new();
    private readonly FakeMembership _membership = new(Nodes.New(1, "web-1"));
    private readonly HeldSessions _held;
    private readonly EndedSessions _ended;
    private readonly RecordUpkeep _upkeep;
    private readonly IOptions<StickyRedisOptions> _options = Options.Create(new StickyRedisOptions { Configuration = "redis-1:6379" });
    private readonly StickyPolicy _policy = new(StickyPolicy.DefaultName, new StickyPolicyOptions { IdleTimeout = TimeSpan.FromDays(30) });

    public RecordUpkeepTests()
    {
        _held = new HeldSessions(_time);
        _ended = new EndedSessions(_time);
        _upkeep = new RecordUpkeep(
            _held,
            _ended,
            new SessionVerification(_directory, _held, _membership, NullLogger<SessionVerification>.Instance),
            _directory,
            _membership,
            new StoreDoubt(_options, _time),
            _options,
            _time,
            NullLogger<RecordUpkeep>.Instance);
    }

    public async ValueTask InitializeAsync() => await _upkeep.StartAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _upkeep.StopAsync(CancellationToken.None);
        _upkeep.Dispose();
    }

    [Fact]
    public async Task Records_OfHeldSessions_AreRenewedWellWithinTheirMargin()
    {
        var session = Hold(2);
        var first = Hold(1);
        await UntilAsync(() => _directory.Confirmed.Count == 1);

        await UntilAsync(() => _directory.Confirmed.Count == 3);

        Assert.True(3 * 1.1 * RecordUpkeep.PauseBetweenRounds < RedisOwnershipDirectory.RecordMargin);
        Assert.All(_directory.Confirmed, asked => Assert.Equal(session.Id, asked.Session));
        Assert.NotEqual(first.Id, session.Id);
    }

    [Fact]
    public async Task Doubt_MakesAllUnverified_AndPushesRecordsAndTombstones()
    {
        var session = Hold(2);
        var never = Hold(1);
        _ended.Add(new SessionId(7, 7), 5, TimeSpan.FromDays(1));
        await UntilAsync(() => _directory.Confirmed.Count == 1);
        Assert.Empty(_directory.Ended);

        _membership.DoubtStore();
        Assert.Equal(EnterStatus.Unverified, _held.TryEnter(session.Id, 1, out _));
        Assert.Equal(EnterStatus.Unverified, _held.TryEnter(never.Id, 1, out _));
        await UntilAsync(() => _held.TryEnter(session.Id, 1, out _) == EnterStatus.Entered);

        var grave = Assert.Single(_directory.Ended);
        Assert.Equal((new SessionId(7, 7), 4u), (grave.Session, grave.Epoch));
        Assert.InRange(grave.KeepFor, TimeSpan.FromHours(1), TimeSpan.FromDays(1));
        Assert.Equal(EnterStatus.Unverified, _held.TryEnter(never.Id, 1, out _));
    }

    [Fact]
    public async Task Doubt_IsFollowedByASecondLook_WhenTheOtherNodesHavePushedTheirRecords()
    {
        var session = Hold(2);
        var never = Hold(1);
        await UntilAsync(() => _directory.Confirmed.Count == 1);
        _membership.DoubtStore();
        var doubted = _time.GetTimestamp();
        await UntilAsync(() => _held.TryEnter(session.Id, 1, out _) == EnterStatus.Entered);
        _held.TryEnterUnverified(never);
        never.Verify(never.Claim, _held.Verification);
        Assert.Equal(EnterStatus.Entered, _held.TryEnter(never.Id, 1, out _));

        // Another node, that had not heard of it yet, writes its record only now.
        _directory.Answer = (_, _) => new RecordAnswer(RecordStatus.Fenced, new NodeTag(9, 9), 3);
        await UntilAsync(() => session.IsLost, pauseForReal: TimeSpan.FromMilliseconds(1));

        // And not with the next round.
        Assert.InRange(_time.GetElapsedTime(doubted), _options.Value.Lease, 0.9 * RecordUpkeep.PauseBetweenRounds);
        Assert.Equal(EnterStatus.Unverified, _held.TryEnter(never.Id, 1, out _));
        Assert.Equal(2, _held.Verification);
    }

    [Fact]
    public async Task Push_WhileRedisIsAwayAgain_IsTriedUntilItSucceeds()
    {
        var session = Hold(2);
        _ended.Add(new SessionId(7, 7), 5, TimeSpan.FromDays(1));
        var isAway = true;
        _directory.Answer = (_, claim) => Volatile.Read(ref isAway)
            ? throw new DirectoryUnavailableException("away")
            : new RecordAnswer(RecordStatus.Accepted, default, claim.Epoch);
        _membership.DoubtStore();
        await UntilAsync(() => _directory.Confirmed.Count >= 3);
        Volatile.Write(ref isAway, false);
        await UntilAsync(() => _held.TryEnter(session.Id, 1, out _) == EnterStatus.Entered);
    }

    [Fact]
    public async Task ManySessions_AreConfirmedInBatchesWithPauses()
    {
        for (var i = 0; i < 5 * RecordUpkeep.BatchSize; i++)
        {
            Hold(2);
        }

        await UntilAsync(() => !_directory.Confirmed.IsEmpty);
        var most = 0;
        var before = _directory.Confirmed.Count;
        await UntilAsync(() =>
        {
            var now = _directory.Confirmed.Count;
            (most, before) = (Math.Max(most, now - before), now);
            return now == 5 * RecordUpkeep.BatchSize;
        });

        // No step of the clock, each shorter than the pause, lets more than one batch pass.
        Assert.InRange(most, 1, RecordUpkeep.BatchSize);
    }

    [Fact]
    public async Task SessionThatIsNotThisNodesOwnAnyMore_LeavesTheMemory()
    {
        var session = Hold(2);
        _directory.Answer = (_, _) => new RecordAnswer(RecordStatus.Fenced, new NodeTag(9, 9), 3);

        await UntilAsync(() => _held.Count == 0);

        Assert.True(session.IsClosed);
    }

    [Fact]
    public async Task NodeWithoutAPlaceInTheCluster_SpeaksForNoSession()
    {
        Hold(2);
        _membership.IsJoined = false;

        for (var minute = 0; minute < 60; minute++)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            await Task.Yield();
        }

        Assert.Empty(_directory.Confirmed);
        _membership.IsJoined = true;
        await UntilAsync(() => !_directory.Confirmed.IsEmpty);
    }

    private HeldSession Hold(uint epoch)
    {
        _held.Adopt(SessionId.New(), new SessionClaim(epoch, 0), _time.GetUtcNow(), _policy, out var session);
        _held.Exit(session!);
        return session!;
    }

    /// <summary>Moves the clock, in steps shorter than any pause, until it is so.</summary>
    /// <param name="condition">What is waited for.</param>
    /// <param name="pauseForReal">Between two steps, so that the clock does not run far ahead of what it sets off.</param>
    private async Task UntilAsync(Func<bool> condition, TimeSpan pauseForReal = default)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromMinutes(1));
            _time.Advance(RecordUpkeep.PauseBetweenBatches / 2);
            await (pauseForReal > TimeSpan.Zero ? Task.Delay(pauseForReal) : YieldAsync());
        }

        static async Task YieldAsync() => await Task.Yield();
    }
}
