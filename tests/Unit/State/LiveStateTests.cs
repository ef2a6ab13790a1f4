using StickySessions.State;

namespace StickySessions.Tests.Unit.State;

public sealed class LiveStateTests
{
    private readonly StickySessionStateOptions _limits = new() { MaxEntries = 3, MaxBytes = 100 };
    private readonly LiveState _state;

    public LiveStateTests() => _state = New();

    [Fact]
    public void Set_OfANewValue_IsOneChange()
    {
        _state.Set("name", "Ada");
        _state.Set("name", "Grace");

        Assert.Equal("Grace", _state.Get("name"));
        Assert.Equal((2L, 0L, false), (_state.Version, _state.Stored, _state.IsStored));
    }

    [Fact]
    public void Set_OfAnEqualValue_IsNoChange()
    {
        _state.Set("name", "Ada");
        var before = _state.Entries;

        _state.Set("name", "Ada");

        Assert.Equal(1, _state.Version);
        Assert.True(before.AreSame(_state.Entries));
    }

    [Fact]
    public void Set_OfAnArrayThatTheCallerChangesAfterwards_KeepsWhatItWas()
    {
        var value = Text.Of("Ada");
        _state.Set("name", value);

        value[0] = (byte)'X';

        Assert.Equal("Ada", _state.Get("name"));
    }

    [Fact]
    public void RemoveAndClear_OfWhatIsNotThere_AreNoChanges()
    {
        _state.Remove("name");
        _state.Clear();
        Assert.Equal(0, _state.Version);

        _state.Set("name", "Ada");
        _state.Remove("name");
        Assert.Equal((0, 2L), (_state.Entries.Count, _state.Version));

        _state.Set("name", "Ada");
        _state.Clear();
        Assert.Equal((0, 4L), (_state.Entries.Count, _state.Version));
    }

    [Fact]
    public void Versions_OfWhatWasStored_GoOnFromThere()
    {
        var state = new LiveState(Text.Entries(("name", "Ada")), version: 7, stored: 7, _limits);
        Assert.True(state.IsStored);

        state.Set("name", "Grace");

        Assert.Equal((8L, 7L, false), (state.Version, state.Stored, state.IsStored));
    }

    [Fact]
    public void Snapshot_DuringLaterChanges_StaysWhatItWas()
    {
        _state.Set("name", "Ada");
        var (entries, version) = _state.Snapshot();

        _state.Set("name", "Grace");
        _state.Set("city", "London");

        Assert.Equal(("Ada", null, 1L), (entries.Get("name"), entries.Get("city"), version));
    }

    [Fact]
    public void Entries_BeyondTheLimit_AreRefusedAndNothingIsChanged()
    {
        _state.Set("a", "1");
        _state.Set("b", "2");
        _state.Set("c", "3");

        var refused = Assert.Throws<SessionLimitException>(() => _state.Set("d", "4"));

        Assert.Contains("StickySessions:State:MaxEntries is 3", refused.Message, StringComparison.Ordinal);
        Assert.Equal((3, 3L, null), (_state.Entries.Count, _state.Version, _state.Get("d")));
        _state.Set("a", "another");
        _state.Remove("b");
        _state.Set("d", "4");
        Assert.Equal("4", _state.Get("d"));
    }

    [Fact]
    public void Bytes_BeyondTheLimit_AreRefusedAndNothingIsChanged()
    {
        _state.Set("a", new string('x', 99));

        var refused = Assert.Throws<SessionLimitException>(() => _state.Set("b", "y"));

        Assert.Contains("StickySessions:State:MaxBytes is 100", refused.Message, StringComparison.Ordinal);
        Assert.Equal((1, 1L), (_state.Entries.Count, _state.Version));
    }

    [Fact]
    public void State_ThatALoweredLimitHasNoRoomFor_MayShrinkButNotGrow()
    {
        var state = new LiveState(Text.Entries(("a", new string('x', 150)), ("b", new string('y', 50))), version: 1, stored: 1, _limits);

        Assert.Throws<SessionLimitException>(() => state.Set("c", "z"));
        state.Set("a", new string('x', 120));

        Assert.Equal((172, 2L), (state.Entries.Bytes, state.Version));
    }

    [Fact]
    public void Change_OfATypedValue_IsSeenAndCounted()
    {
        var count = Add("first");

        Assert.Equal((1, 1L), (count, _state.Version));
        Assert.Equal("first", Lines());
        Assert.Equal("""{"Lines":["first"]}""", _state.Get(Note.Type.Key));
    }

    [Fact]
    public void Change_ThatLeavesTheValueAsItWas_IsNoChange()
    {
        Add("first");

        _state.Change(Note.Type, note => note.Lines.Count);

        Assert.Equal(1, _state.Version);
    }

    [Fact]
    public void Change_ThatThrows_HasNotHappened()
    {
        Add("first");

        Assert.Throws<InvalidTimeZoneException>(() => _state.Change<Note, int>(Note.Type, note =>
        {
            note.Lines.Add("half");
            throw new InvalidTimeZoneException();
        }));

        Assert.Equal("first", Lines());
        Assert.Equal(1, _state.Version);
        Add("second");
        Assert.Equal("first second", Lines());
    }

    [Fact]
    public void FirstChange_ThatThrows_LeavesNothing()
    {
        Assert.Throws<InvalidTimeZoneException>(() => _state.Change<Note, int>(Note.Type, note =>
        {
            note.Lines.Add("half");
            throw new InvalidTimeZoneException();
        }));

        Assert.Equal((0, 0L, ""), (_state.Entries.Count, _state.Version, Lines()));
    }

    [Fact]
    public void Change_ThatTheSessionHasNoRoomFor_HasNotHappened()
    {
        Add("first");

        Assert.Throws<SessionLimitException>(() => Add(new string('x', 100)));

        Assert.Equal("first", Lines());
        Assert.Equal(1, _state.Version);
    }

    [Fact]
    public void Change_WithinAChangeOfTheSameValue_IsRefusedAndNothingIsLost()
    {
        Add("first");

        Assert.Throws<InvalidOperationException>(() => _state.Change<Note, int>(Note.Type, note =>
        {
            note.Lines.Add("outer");
            return Add("inner");
        }));

        Assert.Equal("first", Lines());
    }

    [Fact]
    public void Read_OfAValueThatIsNotThere_IsOfANewOneAndNoChange()
    {
        Assert.Equal("", Lines());
        Assert.Equal((0, 0L), (_state.Entries.Count, _state.Version));
    }

    [Fact]
    public void Fill_TakesOnlyWhatIsMissing()
    {
        _state.Set("name", "Ada");

        _state.Fill(Text.Entries(("name", "Grace"), ("city", "London")));

        Assert.Equal(("Ada", "London", 2L), (_state.Get("name"), _state.Get("city"), _state.Version));
    }

    [Fact]
    public async Task ConcurrentChanges_AreAllThereAndReadersSeeWholeOnes()
    {
        const int Writers = 8;
        const int Changes = 300;
        var state = new LiveState(StateEntries.Empty, 0, 0, new StickySessionStateOptions());
        var isDone = false;
        var torn = 0;
        var lastVersion = 0L;
        var reader = Task.Run(() =>
        {
            while (!Volatile.Read(ref isDone))
            {
                var (entries, version) = state.Snapshot();
                // Alone before the first replacement, the value that is changed stands beside either none or both.
                torn += entries.Count <= 3 && entries.Get("left") == entries.Get("right") ? 0 : 1;
                torn += version >= lastVersion ? 0 : 1;
                lastVersion = version;
            }
        }, TestContext.Current.CancellationToken);

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() =>
        {
            for (var change = 0; change < Changes; change++)
            {
                var line = $"{writer}-{change}";
                state.Change(Note.Type, note => note.Lines.Count < 20 ? Kept(note, line) : Kept(Emptied(note), line));
                state.Replace(Text.Entries(("left", line), ("right", line)));
            }
        })));
        Volatile.Write(ref isDone, true);
        await reader;

        Assert.Equal(0, torn);
        Assert.Equal(2L * Writers * Changes, state.Version);
    }

    [Fact]
    public async Task ConcurrentChanges_OfOneValue_AreAllThere()
    {
        const int Writers = 8;
        const int Changes = 100;
        var state = new LiveState(StateEntries.Empty, 0, 0, new StickySessionStateOptions());

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() =>
        {
            for (var change = 0; change < Changes; change++)
            {
                state.Change(Note.Type, note => Kept(note, $"{writer}-{change}"));
            }
        })));

        Assert.Equal(Writers * Changes, state.Read(Note.Type, note => note.Lines.Distinct().Count()));
        Assert.Equal(Writers * Changes, state.Version);
        Assert.Equal(Writers * Changes, Note.Type.Read(state.Entries.Find(Note.Type.Key)?.Value).Lines.Count);
    }

    private LiveState New() => new(StateEntries.Empty, 0, 0, _limits);

    private int Add(string line) => _state.Change(Note.Type, note => Kept(note, line));

    private static int Kept(Note note, string line)
    {
        note.Lines.Add(line);
        return note.Lines.Count;
    }

    private static Note Emptied(Note note)
    {
        note.Lines.Clear();
        return note;
    }

    private string Lines() => _state.Read(Note.Type, note => string.Join(' ', note.Lines));
}
