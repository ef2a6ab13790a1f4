using StickySessions.State;

namespace StickySessions.Tests.Unit.State;

public sealed class StateEntriesTests
{
    [Fact]
    public void Changes_InAnyOrder_AreThoseOfADictionary()
    {
        var random = new Random(20261);
        var expected = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var entries = StateEntries.Empty;
        for (var i = 0; i < 3_000; i++)
        {
            var key = $"{(char)random.Next('A', 'z')}{random.Next(20)}";
            if (random.Next(3) == 0)
            {
                expected.Remove(key);
                entries = entries.Without(key);
            }
            else
            {
                expected[key] = $"{i}";
                entries = entries.With(new StateEntry(key, Text.Of($"{i}")));
            }

            Assert.Equal(expected.Count, entries.Count);
            Assert.Equal(expected.TryGetValue(key, out var value) ? value : null, entries.Get(key));
        }

        Assert.Equal(expected.Keys, entries.Keys);
        Assert.Equal(expected.Sum(pair => pair.Key.Length + pair.Value.Length), entries.Bytes);
    }

    [Fact]
    public void Changes_LeaveTheOthersAsTheyWere()
    {
        var before = Text.Entries(("a", "1"), ("b", "2"));

        _ = before.With(new StateEntry("a", Text.Of("other"))).Without("b").With(new StateEntry("c", []));

        Assert.Equal(("1", "2", 2, 4), (before.Get("a"), before.Get("b"), before.Count, before.Bytes));
    }

    [Fact]
    public void Without_WhatIsNotThere_IsTheSame()
    {
        var before = Text.Entries(("a", "1"));

        Assert.True(before.AreSame(before.Without("b")));
    }

    [Fact]
    public void Keys_OfTypedValues_AreNotAmongThoseOfTheSession()
    {
        var entries = Text.Entries(("b", "1"), (Note.Type.Key, "{}"), ("a", "2"));

        Assert.Equal(["a", "b"], entries.Keys);
    }

    [Fact]
    public void Keys_WithAnEmptyOne_AreAllThere()
    {
        var entries = Text.Entries(("a", "1"), ("", "2"));

        Assert.Equal(["", "a"], entries.Keys);
    }
}
