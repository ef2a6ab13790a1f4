using StickySessions.Cluster;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Cluster;

public sealed class NodeTests
{
    private static Node New() => new()
    {
        Tag = new NodeTag(3, 4),
        Name = "web-1",
        Address = new Uri("http://10.0.0.1:6001"),
        FormerTags = [new NodeTag(1, 2)],
    };

    [Fact]
    public void Equals_OfTwoCopies_IsByContent()
    {
        Assert.Equal(New(), New());
        Assert.Equal(New().GetHashCode(), New().GetHashCode());
    }

    [Fact]
    public void Equals_WithAnyOtherContent_IsFalse() => Assert.All<Node>(
        [
            New() with { Tag = new NodeTag(3, 5) },
            New() with { Name = "web-2" },
            New() with { State = NodeState.Draining },
            New() with { Address = new Uri("http://10.0.0.2:6001") },
            New() with { HasInterconnect = false },
            New() with { PublicAddress = new Uri("http://10.0.0.1") },
            New() with { Weight = 1 },
            New() with { FormerTags = [] },
        ],
        other => Assert.NotEqual(New(), other));
}
