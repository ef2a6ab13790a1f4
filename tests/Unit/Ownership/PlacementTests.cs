using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class PlacementTests
{
    private const int Sessions = 20_000;
    private const double Unbounded = double.PositiveInfinity;

    private readonly Random _random = new(20_26);

    public static TheoryData<PlacementStrategy> Strategies => [PlacementStrategy.LeastLoaded, PlacementStrategy.PowerOfTwoChoices, PlacementStrategy.Hash];

    [Theory]
    [MemberData(nameof(Strategies))]
    public void Choose_OfWeightedNodes_SpreadsByWeight(PlacementStrategy strategy)
    {
        var loads = Place(strategy, Unbounded, Candidates((100, 100), (200, 100), (300, 100), (400, 100)));

        for (var i = 0; i < loads.Length; i++)
        {
            Assert.InRange(loads[i] / (double)Sessions, (0.1 * (i + 1)) - 0.02, (0.1 * (i + 1)) + 0.02);
        }
    }

    [Theory]
    [MemberData(nameof(Strategies))]
    public void Choose_NodeThatStartsSlowly_GetsAboutItsShareOfNewSessions(PlacementStrategy strategy)
    {
        // It is empty and the others are not: by load alone it would get everything.
        var candidates = Candidates((100, 100), (100, 100), (100, 100), (100, 20));
        for (var i = 0; i < 3; i++)
        {
            candidates[i] = candidates[i] with { Load = 100_000 };
        }

        var part = Place(strategy, Unbounded, candidates)[3] / (double)Sessions;

        // 20 of a weight of 320; drawn first or, of the 220 that are left, second; looked at for every fifth session.
        var expected = strategy switch
        {
            PlacementStrategy.Hash => 20 / 320.0,
            PlacementStrategy.PowerOfTwoChoices => (20 / 320.0) + (300 / 320.0 * (20 / 220.0)),
            _ => 0.2,
        };
        Assert.InRange(part, expected - 0.02, expected + 0.02);
    }

    [Theory]
    [MemberData(nameof(Strategies))]
    public void Choose_WhateverTheLoads_NeverExceedsTheBoundAndAlwaysFindsRoom(PlacementStrategy strategy)
    {
        for (var round = 0; round < 2_000; round++)
        {
            var factor = 1 + (_random.NextDouble() * 0.5);
            var candidates = Candidates([.. Enumerable.Range(0, _random.Next(1, 8)).Select(_ => (_random.Next(1, 500), _random.Next(0, 3) * 50))]);
            for (var i = 0; i < candidates.Length; i++)
            {
                candidates[i] = candidates[i] with { Load = _random.Next(2) == 0 ? _random.Next(1_000) : 0 };
            }

            // As the paper has it: the factor times the share of all that there is, the new one included, rounded up.
            var load = candidates.Sum(candidate => candidate.Load) + 1;
            var weight = candidates.Sum(candidate => candidate.Weight);
            var chosen = Placement.Choose([.. candidates], strategy, factor, SessionId.New(), _random, out var node);

            Assert.Equal(weight > 0, chosen);
            if (chosen)
            {
                var target = Assert.Single(candidates, candidate => candidate.Node == node);
                Assert.True(target.Share > 0);
                Assert.True(target.Load + 1 <= Math.Ceiling((factor * load * target.Weight / weight) + 1e-9), $"{target} of {load} and {weight}");
            }
        }
    }

    [Fact]
    public void Choose_ByHash_WithABound_HoldsTheLoadsTogether()
    {
        // Without any slack: nobody may be one ahead.
        var loads = Place(PlacementStrategy.Hash, 1, Candidates((100, 100), (100, 100), (100, 100)));

        Assert.All(loads, load => Assert.InRange(load, Sessions / 3, (Sessions / 3) + 1));
    }

    [Theory]
    [InlineData(PlacementStrategy.LeastLoaded, 1)]
    [InlineData(PlacementStrategy.PowerOfTwoChoices, 5)]
    public void Choose_ByLoad_IsMoreEvenThanChance(PlacementStrategy strategy, int most)
    {
        // Of 20,000 at random over 20 nodes the fullest would have some 60 too many (Mitzenmacher 2001: two choices leave a constant).
        var loads = Place(strategy, Unbounded, Candidates([.. Enumerable.Repeat((100, 100), 20)]));

        Assert.InRange(loads.Max() - (Sessions / loads.Length), 0, most);
    }

    [Fact]
    public void Choose_ByHash_WhenANodeJoins_MovesOnlyToIt()
    {
        var after = Candidates((100, 100), (200, 100), (100, 100), (100, 100));
        var before = after[..3];

        var moved = 0;
        for (var i = 0; i < Sessions; i++)
        {
            var session = SessionId.New();
            Placement.Choose([.. before], PlacementStrategy.Hash, Unbounded, session, _random, out var was);
            Placement.Choose([.. after], PlacementStrategy.Hash, Unbounded, session, _random, out var now);
            if (was != now)
            {
                Assert.Same(after[3].Node, now);
                moved++;
            }
        }

        Assert.InRange(moved / (double)Sessions, 0.18, 0.22);
    }

    [Fact]
    public void Choose_OfNodesThatAreAllFull_IsNone()
        => Assert.False(Placement.Choose(Candidates((100, 0), (100, 0)), PlacementStrategy.LeastLoaded, 1.25, SessionId.New(), _random, out _));

    private static PlacementCandidate[] Candidates(params (int Weight, int Share)[] nodes)
        => [.. nodes.Select((node, i) => new PlacementCandidate(Nodes.New((uint)i + 1, weight: node.Weight), Load: 0, node.Share))];

    /// <summary>Places many sessions one after the other; what each node got.</summary>
    private int[] Place(PlacementStrategy strategy, double factor, PlacementCandidate[] candidates)
    {
        var got = new int[candidates.Length];
        for (var i = 0; i < Sessions; i++)
        {
            Assert.True(Placement.Choose([.. candidates], strategy, factor, SessionId.New(), _random, out var node));
            var chosen = Array.FindIndex(candidates, candidate => candidate.Node == node);
            candidates[chosen] = candidates[chosen] with { Load = candidates[chosen].Load + 1 };
            got[chosen]++;
        }

        return got;
    }
}
