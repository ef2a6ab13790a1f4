using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class ClaimCoordinatorTests : IDisposable
{
    private static readonly NodeTag Gone = new(1, 1);
    private static readonly NodeTag Self = new(2, 2);

    private readonly GatedDirectory _directory = new();
    private readonly FakeTimeProvider _time = new();
    private readonly NodeLease _lease;
    private readonly ClaimCoordinator _coordinator;
    private readonly SessionId _id = SessionId.New();

    public ClaimCoordinatorTests()
    {
        _lease = new NodeLease(TimeSpan.FromSeconds(5), _time);
        _lease.Renew(_lease.Now);
        _coordinator = new ClaimCoordinator(_directory, _lease, _time, NullLogger<ClaimCoordinator>.Instance);
    }

    public void Dispose() => _lease.Dispose();

    [Fact]
    public async Task Claim_ByAHundredAtOnce_MakesOneCall()
    {
        var claims = new Task<ClaimResult>[100];
        Parallel.For(0, claims.Length, i => claims[i] = ClaimAsync(_id));
        _directory.Gate.SetResult(new ClaimResult(ClaimStatus.Owned, Self, 2));

        Assert.All(await Task.WhenAll(claims), result => Assert.Equal(2u, result.Epoch));
        Assert.Equal(1, _directory.Calls);
    }

    [Fact]
    public async Task Claim_OfOtherSessionsAndEpochs_MakesACallEach()
    {
        Task<ClaimResult>[] claims = [ClaimAsync(_id), ClaimAsync(SessionId.New()), ClaimAsync(_id, seen: 2)];
        _directory.Gate.SetResult(default);
        await Task.WhenAll(claims);

        Assert.Equal(3, _directory.Calls);
    }

    [Fact]
    public async Task Claim_AfterOneFailed_TriesAgain()
    {
        var first = ClaimAsync(_id);
        _directory.Gate.SetException(new DirectoryUnavailableException("away"));
        await Assert.ThrowsAsync<DirectoryUnavailableException>(() => first);

        _directory.Gate = new();
        _directory.Gate.SetResult(new ClaimResult(ClaimStatus.Owned, Self, 2));
        Assert.Equal(ClaimStatus.Owned, (await ClaimAsync(_id)).Status);
    }

    [Fact]
    public async Task Claim_WhenOneCallerGivesUp_GoesOnForTheOthers()
    {
        using var caller = new CancellationTokenSource();
        var impatient = _coordinator.ClaimAsync(_id, Gone, 1, Self, default, caller.Token);
        var patient = ClaimAsync(_id);
        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);

        _directory.Gate.SetResult(new ClaimResult(ClaimStatus.Owned, Self, 2));
        Assert.Equal(ClaimStatus.Owned, (await patient).Status);
        Assert.Equal(1, _directory.Calls);
    }

    [Fact]
    public async Task Claim_AskedForAfterADoubtArose_DoesNotShareOneFromBefore()
    {
        Task<ClaimResult>[] claims = [ClaimAsync(_id), ClaimAsync(_id, asked: new AskedIn(Term: 0, Verification: 1))];
        _directory.Gate.SetResult(default);
        await Task.WhenAll(claims);

        Assert.Equal(2, _directory.Calls);
    }

    [Fact]
    public async Task Claim_WhoseTurnCameAfterTheLeaseHadEnded_IsNotMade()
    {
        var inPlace = Enumerable.Range(0, ClaimCoordinator.MaxAtOnce).Select(_ => ClaimAsync(SessionId.New())).ToArray();
        var waiting = ClaimAsync(_id);
        _lease.Expire();
        _lease.Renew(_lease.Now);
        _directory.Gate.SetResult(new ClaimResult(ClaimStatus.Owned, Self, 2));

        Assert.Equal(ClaimStatus.LeaseEnded, (await waiting).Status);
        await Task.WhenAll(inPlace);
        Assert.Equal(ClaimCoordinator.MaxAtOnce, _directory.Calls);
    }

    [Fact]
    public async Task Claim_ThatNothingStoodAgainst_IsReconsideredBeforeAnybodyActsUponIt()
    {
        _directory.Known = new ClaimResult(ClaimStatus.OwnedByOther, new NodeTag(7, 7), 9);
        _directory.Gate.SetResult(new ClaimResult(ClaimStatus.Owned, Self, 2, IsUnopposed: true));

        Assert.Equal(_directory.Known, await ClaimAsync(_id));
    }

    [Fact]
    public async Task Claim_ThatARecordStoodBehind_IsNotReconsidered()
    {
        _directory.Known = new ClaimResult(ClaimStatus.OwnedByOther, new NodeTag(7, 7), 9);
        _directory.Gate.SetResult(new ClaimResult(ClaimStatus.Owned, Self, 4));

        Assert.Equal(ClaimStatus.Owned, (await ClaimAsync(_id)).Status);
    }

    private Task<ClaimResult> ClaimAsync(SessionId session, uint seen = 1, AskedIn asked = default)
        => _coordinator.ClaimAsync(session, Gone, seen, Self, asked, TestContext.Current.CancellationToken);

    private sealed class GatedDirectory : IOwnershipDirectory
    {
        private int _calls;

        public TaskCompletionSource<ClaimResult> Gate { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Calls => _calls;

        public ClaimResult? Known { get; set; }

        public ValueTask<ClaimResult> ReconsiderAsync(SessionId session, ClaimResult won) => new(Known ?? won);

        public ValueTask<ClaimResult> ClaimAsync(
            SessionId session, NodeTag expectedOwner, uint seenEpoch, NodeTag claimer, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _calls);
            return new(Gate.Task);
        }

        public ValueTask<ClaimResult> RecordAsync(SessionId session, NodeTag owner, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<OwnershipRecord?> ReadAsync(SessionId session, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask EndAsync(SessionId session, uint epoch, TimeSpan keepFor, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
