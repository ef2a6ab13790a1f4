using StickySessions.Cluster;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Cluster;

public sealed class NodeEntryTests
{
    private static readonly Node Full = new()
    {
        Tag = new NodeTag(7, 9),
        Name = "web-1",
        State = NodeState.Draining,
        Address = new Uri("http://10.0.0.5:6001/"),
        HasInterconnect = false,
        PublicAddress = new Uri("https://shop.test/"),
        Weight = 50,
        FormerTags = [new NodeTag(5, 1), new NodeTag(3, 2)],
    };

    [Fact]
    public void Format_AndTryParse_RoundTrip()
    {
        Assert.True(NodeEntry.TryParse(Full.Tag, NodeEntry.Format(Full), out var parsed));

        Assert.Equal(Full.FormerTags.AsEnumerable(), parsed.FormerTags);
        Assert.Equal(Full, parsed with { FormerTags = Full.FormerTags });
    }

    [Fact]
    public void Format_BeginsWithTheState() => Assert.StartsWith("2{", NodeEntry.Format(Full), StringComparison.Ordinal);

    [Fact]
    public void TryParse_IgnoresWhatANewerVersionAdds()
    {
        Assert.True(NodeEntry.TryParse(default, """1{"name":"a","address":"http://a:1/","zone":"z","interconnect":true}""", out var node));
        Assert.Equal("a", node.Name);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("3")]
    [InlineData("9{}")]
    [InlineData("1{}")]
    [InlineData("1{\"name\":\"a\"}")]
    [InlineData("1{\"name\":\"a\",\"address\":\"not an address\"}")]
    [InlineData("1[]")]
    [InlineData("1not json")]
    public void TryParse_OfAnythingElse_IsRefused(string text) => Assert.False(NodeEntry.TryParse(default, text, out _));

    [Fact]
    public void Status_RoundTrips_AndIsEmptyBeforeTheJoin()
    {
        Assert.Equal(Full.Tag, PeerStatus.Parse(PeerStatus.Format(Full))!.Tag);
        Assert.Null(PeerStatus.Parse(PeerStatus.Format(null)));
        Assert.Null(PeerStatus.Parse("nonsense"u8.ToArray()));
    }
}
