using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;
using StickySessions.Diagnostics;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.State;
using StickySessions.Tests.Unit.Ownership;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.State;

public sealed class StateWriterTests
{
    private static readonly Node Self = Nodes.New(1, "web-1");
    private static readonly NodeTag Other = new(9, 9);
    private static readonly SnapshotFormat Format = new(new StickySessionStateOptions(), null);

    private readonly FakeTimeProvider _time = new();
    private readonly FakeRecords _records = new();
    private readonly HeldSessions _held;
    private readonly HeldSession _session;
    private readonly LiveState _state;
    private readonly StateWriter _writer;
    private readonly StickySessionStateOptions _options = new() { WriteTimeout = TimeSpan.FromSeconds(3), SchemaVersion = 5 };

    public StateWriterTests()
    {
        _held = new HeldSessions(_time);
        var policy = new StickyPolicy(StickyPolicy.DefaultName, new StickyPolicyOptions { Durability = SessionDurability.BeforeResponse });
        _held.Adopt(SessionId.New(), new SessionClaim(3, 33), _time.GetUtcNow(), policy, out var session);
        _session = session!;
        _state = new LiveState(StateEntries.Empty, 0, 0, _options);
        _session.ReplaceMemory(null, _state);
        _writer = new StateWriter(Format, _held, new FakeMembership(Self), Options.Create(_options), _time, NullLogger<StateWriter>.Instance, _records);
    }

    [Fact]
    public async Task Store_OfAChange_WritesTheSnapshotUnderTheClaim()
    {
        _state.Set("name", "Ada");

        Assert.Null(await StoreAsync());

        var (claim, stored) = Assert.Single(_records.Writes);
        Assert.Equal((new SessionClaim(3, 33), 1L, 5), (claim, stored.Version, stored.Schema));
        Assert.Equal("Ada", Format.Read(stored.Snapshot).Get("name"));
        Assert.True(_state.IsStored);
    }

    [Fact]
    public async Task Store_OfWhatIsStored_WritesNothing()
    {
        _state.Set("name", "Ada");
        await StoreAsync();

        Assert.Null(await StoreAsync());

        Assert.Single(_records.Writes);
    }

    [Fact]
    public async Task Store_WhoseReplyIsLost_IsRepeatedAsItWas()
    {
        _records.Answer = (count, claim) =>
        {
            // Changed meanwhile: what is repeated may have been stored, so it must stay the same.
            _state.Set("count", $"{count}");
            return count < 3 ? throw new DirectoryUnavailableException("away") : Accepted(claim);
        };
        _state.Set("name", "Ada");
        var version = _state.Version;

        Assert.Null(await AdvanceAsync(StoreAsync()));

        Assert.Equal(3, _records.Writes.Count);
        Assert.All(_records.Writes, write => Assert.Equal(version, write.State.Version));
        Assert.Single(_records.Writes.Select(write => Convert.ToHexString(write.State.Snapshot.Span)).Distinct());
        Assert.Equal(version, _state.Stored);
    }

    [Fact]
    public async Task Store_ByManyAtOnce_IsOneWrite()
    {
        var gate = new TaskCompletionSource();
        _records.Answer = async (_, claim) =>
        {
            await gate.Task;
            return await Accepted(claim);
        };
        _state.Set("name", "Ada");

        var waiting = Enumerable.Range(0, 50).Select(_ => StoreAsync()).ToArray();
        gate.SetResult();

        Assert.All(await Task.WhenAll(waiting), Assert.Null);
        Assert.Single(_records.Writes);
    }

    [Fact]
    public async Task Store_OfAChangeWhileAWriteIsUnderWay_IsInTheNextOne()
    {
        var gate = new TaskCompletionSource();
        _records.Answer = async (count, claim) =>
        {
            await (count == 1 ? gate.Task : Task.CompletedTask);
            return await Accepted(claim);
        };
        _state.Set("name", "Ada");
        var first = StoreAsync();
        _state.Set("name", "Grace");
        var second = StoreAsync();
        var third = StoreAsync();
        Assert.False(second.IsCompleted);

        gate.SetResult();

        Assert.All(await Task.WhenAll(first, second, third), Assert.Null);
        Assert.Equal([1L, 2L], _records.Writes.Select(write => write.State.Version));
        Assert.Equal("Grace", Format.Read(_records.Writes.Last().State.Snapshot).Get("name"));
    }

    [Fact]
    public async Task Stores_OfOneSession_AreNeverTwoAtATime()
    {
        _records.Answer = async (_, claim) =>
        {
            await Task.Yield();
            return await Accepted(claim);
        };

        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
            {
                _state.Set("name", $"{writer}-{i}");
                var version = _state.Version;
                Assert.Null(await StoreAsync());
                Assert.InRange(_state.Stored, version, long.MaxValue);
            }
        })));

        Assert.Equal(1, _records.MostAtOnce);
        Assert.Equal(_records.Writes.Select(write => write.State.Version).Order(), _records.Writes.Select(write => write.State.Version));
    }

    [Fact]
    public async Task Store_ThatIsFenced_DropsTheMemory()
    {
        Answers(RecordStatus.Fenced, Other, 4);
        _state.Set("name", "Ada");

        Assert.Equal(StickyReasons.OwnerLost, await StoreAsync());

        Assert.True(_session.IsLost);
        Assert.Equal((0, 4u), (_held.Count, _held.KnownUpTo(_session.Id)));
        Assert.False(_state.IsStored);
    }

    [Fact]
    public async Task Store_FencedByThisNodesOwnLaterClaim_IsRepeatedUnderIt()
    {
        _records.Answer = (count, claim) =>
        {
            if (count == 2)
            {
                // The answer to the claim has come.
                Assert.True(_session.TryRaiseEpoch(new SessionClaim(4, 44)));
            }

            return claim.Epoch == 4 ? Accepted(claim) : Task.FromResult(new RecordAnswer(RecordStatus.Fenced, Self.Tag, 4));
        };
        _state.Set("name", "Ada");

        Assert.Null(await AdvanceAsync(StoreAsync()));

        Assert.False(_session.IsLost);
        Assert.Equal(new SessionClaim(4, 44), _records.Writes.Last().Claim);
        Assert.True(_state.IsStored);
    }

    [Fact]
    public async Task Store_FencedByAClaimOfThisNodeThatItNeverHearsOf_DropsTheMemoryInTheEnd()
    {
        Answers(RecordStatus.Fenced, Self.Tag, 4);
        _state.Set("name", "Ada");

        Assert.Equal(StickyReasons.OwnerLost, await AdvanceAsync(StoreAsync()));

        Assert.True(_session.IsLost);
    }

    [Fact]
    public async Task Store_OfASessionThatHasEndedElsewhere_SaysSo()
    {
        Answers(RecordStatus.Ended, default, 4);
        _state.Set("name", "Ada");

        Assert.Equal(StickyReasons.OwnerLost, await StoreAsync());

        Assert.Equal(EnterStatus.Ended, _held.TryEnter(_session.Id, 3, out _));
    }

    [Fact]
    public async Task Store_OfASessionThatHasEndedHere_HasNothingLeftToDo()
    {
        Answers(RecordStatus.Ended, default, 4);
        _state.Set("name", "Ada");
        _session.End();

        Assert.Null(await StoreAsync());

        Assert.False(_session.IsLost);
    }

    [Fact]
    public async Task Store_AfterTheLeaseHasEnded_SaysSoAndKeepsTheMemory()
    {
        Answers(RecordStatus.TooLate, default, 0);
        _state.Set("name", "Ada");

        Assert.Equal(StickyReasons.LeaseExpired, await StoreAsync());

        Assert.False(_session.IsLost);
        Assert.Equal("Ada", _state.Get("name"));
        Assert.False(_state.IsStored);
    }

    [Fact]
    public async Task Store_WhoseOutcomeStaysUnknown_SaysSoAfterTheTimeoutAndIsTriedAnewLater()
    {
        var isAway = true;
        _records.Answer = (_, claim) => isAway ? throw new DirectoryUnavailableException("away") : Accepted(claim);
        _state.Set("name", "Ada");
        var since = _time.GetUtcNow();

        Assert.Equal(StickyReasons.OutcomeUnknown, await AdvanceAsync(StoreAsync()));

        Assert.InRange(_time.GetUtcNow() - since, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(4));
        Assert.False(_session.IsLost);
        Assert.False(_state.IsStored);
        isAway = false;
        Assert.Null(await AdvanceAsync(StoreAsync()));
        Assert.True(_state.IsStored);
    }

    private Task<string?> StoreAsync() => _writer.StoreAsync(_session, _state);

    private void Answers(RecordStatus status, NodeTag owner, uint epoch) => _records.Answer = (_, _) => Task.FromResult(new RecordAnswer(status, owner, epoch));

    private static Task<RecordAnswer> Accepted(SessionClaim claim) => Task.FromResult(new RecordAnswer(RecordStatus.Accepted, Self.Tag, claim.Epoch));

    /// <summary>Time goes on until it is over.</summary>
    private async Task<T> AdvanceAsync<T>(Task<T> task)
    {
        var giveUp = TimeProvider.System.GetTimestamp();
        while (!task.IsCompleted)
        {
            Assert.InRange(TimeProvider.System.GetElapsedTime(giveUp), TimeSpan.Zero, TimeSpan.FromSeconds(30));
            await Task.WhenAny(task, Task.Delay(1, TestContext.Current.CancellationToken));
            _time.Advance(TimeSpan.FromMilliseconds(50));
        }

        return await task;
    }
}
