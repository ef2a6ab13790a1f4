using StickySessions.Ownership;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class KnownOwnersTests
{
    private static readonly KnownOwner Owner = new(new NodeTag(1, 2), 3);

    [Fact]
    public void TryGet_OfWhatWasSet_GivesTheLatest()
    {
        var (known, session) = (new KnownOwners(), SessionId.New());
        known.Set(session, Owner);
        known.Set(session, Owner with { Epoch = 4 });

        Assert.True(known.TryGet(session, out var found));
        Assert.Equal(Owner with { Epoch = 4 }, found);
        Assert.False(known.TryGet(SessionId.New(), out _));
    }

    [Fact]
    public void Set_MoreThanTheCapacity_ForgetsTheOldestAndNeverExceedsIt()
    {
        const int Capacity = 100;
        var known = new KnownOwners(Capacity);
        SessionId[] sessions = [.. Enumerable.Range(0, 10 * Capacity).Select(_ => SessionId.New())];
        foreach (var session in sessions)
        {
            known.Set(session, Owner);
        }

        Assert.All(sessions[^(Capacity / 2)..], session => Assert.True(known.TryGet(session, out _)));
        Assert.All(sessions[..^Capacity], session => Assert.False(known.TryGet(session, out _)));
    }

    [Fact]
    public void TryGet_KeepsWhatIsAskedFor()
    {
        const int Capacity = 100;
        var (known, asked) = (new KnownOwners(Capacity), SessionId.New());
        known.Set(asked, Owner);
        for (var i = 0; i < 10 * Capacity; i++)
        {
            known.Set(SessionId.New(), Owner);
            Assert.True(known.TryGet(asked, out _), $"It is forgotten after {i} others.");
        }
    }

    [Fact]
    public void Forget_OfBothGenerations_IsForgotten()
    {
        var (known, session) = (new KnownOwners(4), SessionId.New());
        known.Set(session, Owner);
        known.Set(SessionId.New(), Owner);
        known.Set(session, Owner);

        known.Forget(session);

        Assert.False(known.TryGet(session, out _));
    }

    [Fact]
    public void Set_FromManyThreads_StaysBounded()
    {
        const int Capacity = 1_000;
        var known = new KnownOwners(Capacity);
        var sessions = Enumerable.Range(0, 50_000).Select(_ => SessionId.New()).ToArray();

        Parallel.ForEach(sessions, session =>
        {
            known.Set(session, Owner);
            known.TryGet(session, out _);
        });

        Assert.InRange(sessions.Count(session => known.TryGet(session, out _)), 1, Capacity + Environment.ProcessorCount);
    }
}
