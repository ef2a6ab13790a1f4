using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

/// <summary>A node that dies orphans all its sessions at once: only so many are claimed, and wait to be claimed, at a time.</summary>
public sealed class ClaimLimitTests
{
    /// <summary>Without the limit a claim would wait for a directory that decides nothing.</summary>
    private static readonly TimeSpan NeverDecided = TimeSpan.FromSeconds(60);

    private static readonly NodeTag Gone = new(1, 1);
    private static readonly NodeTag Self = new(2, 2);

    private readonly SlowDirectory _directory = new();
    private readonly FakeTimeProvider _time = new();
    private readonly ClaimCoordinator _coordinator;

    public ClaimLimitTests() => _coordinator = new ClaimCoordinator(_directory, NodeLease.Unlimited, _time, NullLogger<ClaimCoordinator>.Instance);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Flood_OfOrphans_NeverHasMoreUnderWayAndClaimsEachOnce()
    {
        // Two requests for each of as many orphans as may be there at all, from many threads.
        var orphans = Sessions(ClaimCoordinator.MaxAtOnce + ClaimCoordinator.MaxWaiting);
        var claims = new ConcurrentBag<Task<ClaimResult>>();
        Parallel.ForEach(orphans.Concat(orphans), orphan => claims.Add(ClaimAsync(orphan, Cancellation)));
        while (claims.Any(claim => !claim.IsCompleted))
        {
            Assert.InRange(_directory.UnderWay, 0, ClaimCoordinator.MaxAtOnce);
            _directory.FinishAll();
            await Task.Yield();
        }

        Assert.All(await Task.WhenAll(claims), result => Assert.Equal(ClaimStatus.Owned, result.Status));
        Assert.Equal(ClaimCoordinator.MaxAtOnce, _directory.MostUnderWay);
        Assert.Equal(orphans.Length, _directory.Calls);
    }

    [Fact]
    public async Task Claim_BeyondAllThatMayWait_IsBusyAtOnce()
    {
        var claims = Sessions(ClaimCoordinator.MaxAtOnce + ClaimCoordinator.MaxWaiting).Select(orphan => ClaimAsync(orphan, Cancellation)).ToArray();
        Assert.Equal(ClaimStatus.Busy, (await ClaimAsync(SessionId.New(), Cancellation)).Status);
        Assert.DoesNotContain(claims, claim => claim.IsCompleted);
    }

    [Fact]
    public async Task Claim_ThatWaitedTooLong_IsBusyAndThereIsRoomAgain()
    {
        var waiting = Fill();
        var late = ClaimAsync(SessionId.New(), Cancellation);
        _time.Advance(ClaimCoordinator.MaxWait);

        Assert.Equal(ClaimStatus.Busy, (await late).Status);
        Assert.DoesNotContain(waiting, claim => claim.IsCompleted);
        _directory.FinishAll();
        await Task.WhenAll(waiting);

        var next = ClaimAsync(SessionId.New(), Cancellation);
        _directory.FinishAll();
        Assert.Equal(ClaimStatus.Owned, (await next).Status);
    }

    [Fact]
    public async Task WaitingClaim_WhoseCallersWent_IsNeverMade()
    {
        var waiting = Fill();
        using var clients = new CancellationTokenSource();
        var orphan = SessionId.New();
        Task<ClaimResult>[] left = [ClaimAsync(orphan, clients.Token), ClaimAsync(orphan, clients.Token)];
        await clients.CancelAsync();
        foreach (var claim in left)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => claim);
        }

        _directory.FinishAll();
        await Task.WhenAll(waiting);
        Assert.Equal(ClaimCoordinator.MaxAtOnce, _directory.Calls);

        // Somebody else may ask for it later.
        var again = ClaimAsync(orphan, Cancellation);
        _directory.FinishAll();
        Assert.Equal(ClaimStatus.Owned, (await again).Status);
    }

    [Fact]
    public async Task WaitingClaim_OneOfWhoseCallersWent_IsMadeForTheOther()
    {
        Fill();
        using var client = new CancellationTokenSource();
        var orphan = SessionId.New();
        var left = ClaimAsync(orphan, client.Token);
        var stays = ClaimAsync(orphan, Cancellation);
        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);

        while (!stays.IsCompleted)
        {
            _directory.FinishAll();
            await Task.Yield();
        }

        Assert.Equal(ClaimStatus.Owned, (await stays).Status);
    }

    private static SessionId[] Sessions(int count) => [.. Enumerable.Range(0, count).Select(_ => SessionId.New())];

    /// <summary>Takes all places.</summary>
    private Task<ClaimResult>[] Fill() => [.. Sessions(ClaimCoordinator.MaxAtOnce).Select(orphan => ClaimAsync(orphan, Cancellation))];

    private Task<ClaimResult> ClaimAsync(SessionId session, CancellationToken cancellationToken)
        => _coordinator.ClaimAsync(session, Gone, 1, Self, default, cancellationToken).WaitAsync(NeverDecided, CancellationToken.None);

    private sealed class SlowDirectory : IOwnershipDirectory
    {
        private readonly ConcurrentQueue<TaskCompletionSource<ClaimResult>> _running = new();
        private int _calls;
        private int _underWay;
        private int _mostUnderWay;

        public int Calls => Volatile.Read(ref _calls);

        public int UnderWay => Volatile.Read(ref _underWay);

        public int MostUnderWay => Volatile.Read(ref _mostUnderWay);

        public void FinishAll()
        {
            while (_running.TryDequeue(out var claim))
            {
                Interlocked.Decrement(ref _underWay);
                claim.SetResult(new ClaimResult(ClaimStatus.Owned, Self, 2));
            }
        }

        public ValueTask<ClaimResult> ClaimAsync(
            SessionId session, NodeTag expectedOwner, uint seenEpoch, NodeTag claimer, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _calls);
            var now = Interlocked.Increment(ref _underWay);
            for (var most = MostUnderWay; now > most && Interlocked.CompareExchange(ref _mostUnderWay, now, most) != most; most = MostUnderWay)
            {
            }

            var claim = new TaskCompletionSource<ClaimResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            _running.Enqueue(claim);
            return new(claim.Task);
        }

        public ValueTask<ClaimResult> RecordAsync(SessionId session, NodeTag owner, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<OwnershipRecord?> ReadAsync(SessionId session, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask EndAsync(SessionId session, uint epoch, TimeSpan keepFor, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
