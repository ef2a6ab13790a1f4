using StickySessions.Cluster;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Cluster;

public sealed class GoneTagsTests
{
    [Fact]
    public void Add_OfMoreThanAreKept_ForgetsTheOldest()
    {
        var gone = new GoneTags();
        for (var i = 0u; i <= GoneTags.Kept; i++)
        {
            gone.Add(new NodeTag(i, i));
            gone.Add(new NodeTag(i, i));
        }

        Assert.False(gone.Contains(new NodeTag(0, 0)));
        Assert.True(gone.Contains(new NodeTag(1, 1)));
        Assert.True(gone.Contains(new NodeTag(GoneTags.Kept, GoneTags.Kept)));
    }
}
