using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

public sealed class HashSlotsTests
{
    private static readonly SessionId[] Sessions = [.. Enumerable.Range(0, 20_000).Select(_ => SessionId.New())];

    [Fact]
    public void HomeOf_ThreeNodes_SpreadsEvenly()
        => Assert.All(Counts(Slots(3)).Values, count => Assert.InRange(count, Sessions.Length / 3 - 350, Sessions.Length / 3 + 350));

    [Fact]
    public void HomeOf_AThousandNodes_SpreadsEvenly()
    {
        var counts = Counts(Slots(1_000));

        // Chi squared of 999 degrees of freedom: 999 on average, with a standard deviation of 45.
        const double Expected = 20;
        var squares = counts.Values.Sum(count => (count - Expected) * (count - Expected) / Expected) + ((1_000 - counts.Count) * Expected);
        Assert.InRange(squares, 700, 1_300);
    }

    [Fact]
    public void HomeOf_WeightedNodes_SpreadsByWeight()
    {
        var counts = Counts(new HashSlots(Nodes.View(Nodes.New(1, weight: 100), Nodes.New(2, weight: 300), Nodes.New(3, weight: 600))));

        Assert.InRange(counts["web-1"], 1_750, 2_250);
        Assert.InRange(counts["web-2"], 5_600, 6_400);
        Assert.InRange(counts["web-3"], 11_600, 12_400);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(50)]
    public void HomeOf_NodeThatJoins_TakesItsShareAndNothingElseMoves(int nodes)
    {
        var (before, after) = (Slots(nodes), Slots(nodes + 1));

        var moved = Sessions.Where(session => before.HomeOf(session)!.Name != after.HomeOf(session)!.Name).ToArray();

        Assert.All(moved, session => Assert.Equal($"web-{nodes + 1}", after.HomeOf(session)!.Name));
        Assert.Equal(Counts(after)[$"web-{nodes + 1}"], moved.Length);
        Assert.InRange(moved.Length, Sessions.Length / (nodes + 1) * 0.8, Sessions.Length / (nodes + 1) * 1.2);
    }

    [Fact]
    public void HomeOf_NodeThatLeaves_LeavesToTheNextOfItsRanking()
    {
        var before = Slots(5);
        var after = new HashSlots(Nodes.View(before.View.Nodes.Where(node => node.Name != "web-3")));

        Assert.All(Sessions, session => Assert.Equal(
            before.Ranked(session).First(node => node.Name != "web-3").Name, after.HomeOf(session)!.Name));
    }

    [Fact]
    public void HomeOf_ProcessRestartedUnderItsName_StaysWhereItWas()
    {
        var before = Slots(3);
        var restarted = new HashSlots(Nodes.View(Nodes.New(1), Nodes.New(2), Nodes.New(3), Nodes.New(9, name: "web-2")));

        Assert.All(Sessions, session => Assert.Equal(before.HomeOf(session)!.Name, restarted.HomeOf(session)!.Name));
        Assert.All(Sessions, session => Assert.NotEqual(2u, restarted.HomeOf(session)!.Tag.Sequence));
    }

    [Fact]
    public void HomeOf_OnlyNodesThatMayHaveSessions_AreHomes()
    {
        var slots = new HashSlots(Nodes.View(Nodes.New(1, state: NodeState.Starting), Nodes.New(2, state: NodeState.Draining), Nodes.New(3, state: NodeState.Gone)));

        Assert.Equal(["web-2"], Counts(slots).Keys);
        Assert.Equal(["web-2"], slots.Ranked(Sessions[0]).Select(node => node.Name));
        Assert.Null(new HashSlots(Nodes.View(Nodes.New(1, state: NodeState.Starting))).HomeOf(Sessions[0]));
    }

    [Fact]
    public void Ranked_BeginsWithTheHome()
    {
        var slots = Slots(7);

        Assert.All(Sessions.Take(500), session => Assert.Same(slots.HomeOf(session), slots.Ranked(session).First()));
        Assert.All(Sessions.Take(10), session => Assert.Equal(7, slots.Ranked(session).Distinct().Count()));
    }

    [Fact]
    public void HomeOf_AfterTheFirstTime_ComparesNoNodes()
    {
        var slots = Slots(1_000);
        var homes = Sessions.Take(500).Select(slots.HomeOf).ToArray();
        var searched = slots.Searched;

        Assert.Equal(homes, Sessions.Take(500).Select(slots.HomeOf));
        Assert.InRange(searched, 1, 500);
        Assert.Equal(searched, slots.Searched);
    }

    private static HashSlots Slots(int nodes) => new(Nodes.View(Enumerable.Range(1, nodes).Select(i => Nodes.New((uint)i))));

    private static Dictionary<string, int> Counts(HashSlots slots)
        => Sessions.CountBy(session => slots.HomeOf(session)!.Name).ToDictionary();
}
