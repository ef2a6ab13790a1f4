using Microsoft.Extensions.Logging.Abstractions;
using StickySessions.Ownership;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class ClaimCoordinatorTests
{
    private static readonly NodeTag Gone = new(1, 1);
    private static readonly NodeTag Self = new(2, 2);

    private readonly GatedDirectory _directory = new();
    private readonly ClaimCoordinator _coordinator;
    private readonly SessionId _id = SessionId.New();

    public ClaimCoordinatorTests() => _coordinator = new ClaimCoordinator(_directory, TimeProvider.System, NullLogger<ClaimCoordinator>.Instance);

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
        var impatient = _coordinator.ClaimAsync(_id, Gone, 1, Self, caller.Token);
        var patient = ClaimAsync(_id);
        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);

        _directory.Gate.SetResult(new ClaimResult(ClaimStatus.Owned, Self, 2));
        Assert.Equal(ClaimStatus.Owned, (await patient).Status);
        Assert.Equal(1, _directory.Calls);
    }

    private Task<ClaimResult> ClaimAsync(SessionId session, uint seen = 1)
        => _coordinator.ClaimAsync(session, Gone, seen, Self, TestContext.Current.CancellationToken);

    private sealed class GatedDirectory : IOwnershipDirectory
    {
        private int _calls;

        public TaskCompletionSource<ClaimResult> Gate { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Calls => _calls;

        public ValueTask<ClaimResult> ClaimAsync(
            SessionId session, NodeTag expectedOwner, uint seenEpoch, NodeTag claimer, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _calls);
            return new(Gate.Task);
        }

        public ValueTask<OwnershipRecord?> ReadAsync(SessionId session, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask EndAsync(SessionId session, uint epoch, TimeSpan keepFor, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
