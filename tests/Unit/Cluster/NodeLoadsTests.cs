using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;
using StickySessions.Tests.Unit.Ownership;

namespace StickySessions.Tests.Unit.Cluster;

public sealed class NodeLoadsTests
{
    private static readonly Node Web = Nodes.New(1);

    private readonly FakeTimeProvider _time = new();
    private readonly NodeLoads _loads;

    public NodeLoadsTests() => _loads = new NodeLoads(source: null, _time);

    [Fact]
    public void TryGet_OfANodeThatHasSaidNothing_IsFalse()
    {
        _loads.Placed(Web.Tag);

        Assert.False(_loads.TryGet(Web.Tag, out _, out _));
    }

    [Fact]
    public void TryGet_BetweenFigures_AddsWhatWasPlacedThere()
    {
        _loads.Take(Web.Tag, new NodeLoad(10, 2, 70), age: TimeSpan.Zero);
        Place(5);

        Assert.True(_loads.TryGet(Web.Tag, out var total, out var share));
        Assert.Equal((17, 70), (total, share));
    }

    [Theory]
    [InlineData(0, 15)] // said just now: it knows of all of them
    [InlineData(250, 20)] // of the last quarter it does not know
    [InlineData(1_000, 35)]
    [InlineData(9_000, 35)]
    public void Take_OfFiguresOfSomeAge_StillCountsWhatCameAfterThem(int ageInMilliseconds, int expected)
    {
        _loads.Take(Web.Tag, new NodeLoad(0, 0, 100), age: TimeSpan.Zero);
        _time.Advance(TimeSpan.FromSeconds(1));
        Place(20);

        _loads.Take(Web.Tag, new NodeLoad(15, 0, 100), TimeSpan.FromMilliseconds(ageInMilliseconds));

        Assert.Equal(expected, Total());
        _time.Advance(TimeSpan.FromSeconds(1));
        _loads.Take(Web.Tag, new NodeLoad(15, 0, 100), TimeSpan.FromSeconds(1));
        Assert.Equal(15, Total());
    }

    [Fact]
    public void Keep_OfAViewWithoutTheNode_ForgetsIt()
    {
        _loads.Take(Web.Tag, default, age: TimeSpan.Zero);
        _loads.Keep(Nodes.View(Nodes.New(2)));

        Assert.False(_loads.TryGet(Web.Tag, out _, out _));
    }

    [Theory]
    [InlineData("340 5 100", 340, 5, 100)]
    [InlineData("0 0 0", 0, 0, 0)]
    [InlineData("1 2 300", 1, 2, 100)]
    public void TryParse_OfWhatANodeSays_IsIt(string text, int sessions, int running, int share)
    {
        Assert.True(NodeLoad.TryParse(text, out var load));
        Assert.Equal(new NodeLoad(sessions, running, share), load);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("1 2")]
    [InlineData("1 2 3 4")]
    [InlineData("-1 2 3")]
    [InlineData("1 x 3")]
    public void TryParse_OfAnythingElse_IsFalse(string? text) => Assert.False(NodeLoad.TryParse(text, out _));

    [Fact]
    public void Format_OfALoad_IsParsedAgain()
    {
        Assert.True(NodeLoad.TryParse(new NodeLoad(12, 3, 45).ToString(), out var load));
        Assert.Equal(new NodeLoad(12, 3, 45), load);
        Assert.Equal(Web.Tag, PeerStatus.Parse(PeerStatus.Format(Web, load), out var said)?.Tag);
        Assert.Equal(load, said);
    }

    private long Total() => _loads.TryGet(Web.Tag, out var total, out _) ? total : -1;

    private void Place(int sessions)
    {
        for (var i = 0; i < sessions; i++)
        {
            _loads.Placed(Web.Tag);
        }
    }
}
