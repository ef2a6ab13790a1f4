using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.State;
using StickySessions.Tests.Unit.Ownership;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.State;

public sealed class WriteBehindTests : IDisposable
{
    private static readonly SnapshotFormat Format = new(new StickySessionStateOptions(), null);

    private readonly FakeTimeProvider _time = new();
    private readonly FakeRecords _records = new();
    private readonly HeldSessions _held;
    private readonly WriteBehind _writes;
    private readonly StickySessionStateOptions _options = new() { MaxLag = TimeSpan.FromSeconds(5) };

    public WriteBehindTests()
    {
        _held = new HeldSessions(_time);
        var options = Options.Create(_options);
        var writer = new StateWriter(
            Format, _held, new FakeMembership(Nodes.New(1, "web-1")), options, _time, NullLogger<StateWriter>.Instance, _records);
        _writes = new WriteBehind(writer, options, _time, NullLogger<WriteBehind>.Instance);
    }

    public void Dispose() => _writes.Dispose();

    [Fact]
    public async Task Changes_OfOneSession_AreStoredTogetherWithinTheLag()
    {
        await _writes.StartAsync(TestContext.Current.CancellationToken);
        var (session, state) = Adopt();
        foreach (var number in Enumerable.Range(1, 10))
        {
            state.Set("number", $"{number}");
            _writes.Add(session);
        }

        Assert.Empty(_records.Writes);
        while (!state.IsStored)
        {
            _time.Advance(_options.MaxLag / 10);
            await Task.Yield();
        }

        var (_, stored) = Assert.Single(_records.Writes);
        Assert.Equal("10", Format.Read(stored.Snapshot).Get("number"));
        await _writes.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Stop_StoresWhatStillWaits()
    {
        await _writes.StartAsync(TestContext.Current.CancellationToken);
        var sessions = Enumerable.Range(0, 100).Select(_ => Adopt()).ToList();
        foreach (var (session, state) in sessions)
        {
            state.Set("name", "Ada");
            _writes.Add(session);
        }

        await _writes.StopAsync(TestContext.Current.CancellationToken);

        Assert.All(sessions, one => Assert.True(one.State.IsStored));
    }

    [Fact]
    public async Task ChangeThatCouldNotBeStored_WaitsAgain()
    {
        var (session, state) = Adopt();
        state.Set("name", "Ada");
        _writes.Add(session);
        _options.WriteTimeout = TimeSpan.Zero;
        _records.Answer = (_, _) => throw new DirectoryUnavailableException("away");
        await _writes.FlushAsync(TestContext.Current.CancellationToken);
        Assert.False(state.IsStored);

        _records.Answer = (_, claim) => Task.FromResult(new RecordAnswer(RecordStatus.Accepted, default, claim.Epoch));
        await _writes.FlushAsync(TestContext.Current.CancellationToken);

        Assert.True(state.IsStored);
    }

    [Fact]
    public async Task SessionThatIsClosed_IsNotStored()
    {
        var (session, state) = Adopt();
        state.Set("name", "Ada");
        _writes.Add(session);
        session.Close();

        await _writes.FlushAsync(TestContext.Current.CancellationToken);

        Assert.Empty(_records.Writes);
    }

    private (HeldSession Session, LiveState State) Adopt()
    {
        var policy = new StickyPolicy(StickyPolicy.DefaultName, new StickyPolicyOptions { Durability = SessionDurability.Async });
        _held.Adopt(SessionId.New(), new SessionClaim(3, 33), _time.GetUtcNow(), policy, out var session);
        var state = new LiveState(StateEntries.Empty, 0, 0, _options);
        session!.ReplaceMemory(null, state);
        return (session, state);
    }
}
