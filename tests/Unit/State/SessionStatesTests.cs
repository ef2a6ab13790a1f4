using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.State;
using StickySessions.Tests.Unit.Ownership;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.State;

public sealed class SessionStatesTests
{
    private readonly HeldSessions _held = new(new FakeTimeProvider());
    private readonly SessionStates _states;
    private readonly SnapshotFormat _format;

    public SessionStatesTests()
    {
        var options = Options.Create(new StickySessionStateOptions());
        var time = new FakeTimeProvider();
        _format = new SnapshotFormat(options.Value, null);
        var writer = new StateWriter(
            _format, _held, new FakeMembership(Nodes.New(1, "web-1")), options, time, NullLogger<StateWriter>.Instance, new FakeRecords());
        _states = new SessionStates(
            _format, writer, new WriteBehind(writer, options, time, NullLogger<WriteBehind>.Instance), options, new UnreadableSnapshots(NullLogger<UnreadableSnapshots>.Instance));
    }

    [Fact]
    public void State_OfAStoredSnapshot_IsReadAndStored()
    {
        var session = Adopt(version: 3, schema: 0, _format.Write(Text.Entries(("name", "Ada"))));

        Assert.Equal(("Ada", 3L, false), (_states.Of(session).Get("name"), _states.Of(session).Version, SessionStates.MustStore(session)));
    }

    [Fact]
    public void State_ThatTheStoreHasLostBeforeItWasNeeded_MustBeStoredAgain()
    {
        var session = Adopt(version: 3, schema: 0, _format.Write(Text.Entries(("name", "Ada"))));
        session.Memory!.IsStoredUpTo(0);

        Assert.Equal("Ada", _states.Of(session).Get("name"));

        Assert.True(SessionStates.MustStore(session));
    }

    [Fact]
    public async Task State_AskedForByManyAtOnce_IsOne()
    {
        var session = Adopt(version: 3, schema: 0, _format.Write(Text.Entries(("name", "Ada"))));

        var states = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => _states.Of(session))));

        Assert.Single(states.Distinct());
    }

    [Fact]
    public void TypedValue_ThatCannotBeRead_BeginsAnewAndLeavesTheRest()
    {
        var session = Adopt(version: 3, schema: 0, _format.Write(Text.Entries(("name", "Ada"), (Note.Type.Key, "not JSON"))));

        Assert.Empty(_states.WithValue(session, Note.Type, state => state.Read(Note.Type, note => note.Lines)));
        _states.WithValue(session, Note.Type, state => state.Change(Note.Type, note => { note.Lines.Add("anew"); return true; }));

        Assert.Equal(("anew", "Ada"), (_states.Of(session).Read(Note.Type, note => note.Lines.Single()), _states.Of(session).Get("name")));
    }

    private HeldSession Adopt(long version, int schema, byte[] snapshot)
    {
        var policy = new StickyPolicy(StickyPolicy.DefaultName, new StickyPolicyOptions { Durability = SessionDurability.BeforeResponse });
        _held.Adopt(SessionId.New(), new SessionClaim(2, 22), default, policy, _held.Asking(), out var session, new StoredState(version, schema, snapshot));
        return session!;
    }
}
