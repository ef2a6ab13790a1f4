using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>A view that was made anew a moment ago may lack nodes that live: they are unknown at first, and gone for good after a lease.</summary>
public abstract class UnsettledViewTests(IRedisServer server) : RedisTestBase
{
    protected override Task<string> ConfigurationAsync() => server.ConfigurationAsync();

    [Fact]
    public async Task Flush_WithAJoinBeforeTheOthersBeat_TheOthersAreUnknownAndComeBack()
    {
        var nodes = await ActiveAsync("web-1", "web-2");
        var tags = nodes.Select(node => node.Self.Tag).ToArray();

        var joiner = await JoinAfterFlushAsync(nodes);

        Assert.Equal([joiner.Self.Tag], joiner.View.Nodes.Select(node => node.Tag));
        foreach (var tag in tags)
        {
            var view = await joiner.Membership.ViewThatKnowsAsync(tag, Cancellation);
            Assert.True(view.IsUnknown(tag));
            Assert.False(view.IsGone(tag));
        }

        nodes[0].ReconnectToRedis();
        nodes[1].ReconnectToRedis();
        await Eventually.Async(() => nodes.Append(joiner).All(node => node.View.Nodes.Length == 3));
        Assert.Equal(tags, nodes.Select(node => node.Self.Tag));
        Assert.All(nodes.Append(joiner), node => Assert.All(tags, tag => Assert.False(node.View.IsUnknown(tag))));
    }

    [Fact]
    public async Task NodeThatNobodyKnowsAnyMore_IsGoneOnceTheViewHasSettled()
    {
        Cluster.Options.Lease = TimeSpan.FromSeconds(2);
        var node = (await ActiveAsync("web-1"))[0];
        var tag = node.Self.Tag;

        var joiner = await JoinAfterFlushAsync(node);

        // Sequences run ahead of the clock when many join within a second, and Redis has lost the highest.
        var later = new NodeTag(joiner.Self.Tag.Sequence + 1, 1);
        Assert.True(joiner.View.IsUnknown(tag));
        Assert.True(joiner.View.IsUnknown(later));
        await Eventually.Async(() => joiner.View.IsGone(tag) && joiner.View.IsGone(later));
        Assert.True((await joiner.Membership.ViewThatKnowsAsync(tag, Cancellation)).IsGone(tag));
    }

    [Fact]
    public async Task NodeThatDiedUnsettled_AndWasInAnothersView_IsGoneWhenItsLeaseEnds()
    {
        Cluster.Options.Lease = TimeSpan.FromSeconds(2);
        var nodes = await ActiveAsync("web-1", "web-2");
        var (alive, dead) = (nodes[0].Self.Tag, nodes[1].Self.Tag);

        var joiner = await JoinAfterFlushAsync(nodes);
        nodes[0].ReconnectToRedis();

        await Eventually.Async(() => joiner.View.Find(dead) is not null);
        await Eventually.Async(() => nodes[..1].Append(joiner).All(node => node.View.IsGone(dead)));
        Assert.Equal(alive, nodes[0].Self.Tag);
    }

    [Fact]
    public async Task NodeThatComesBackTooLate_GetsANewTagAndBringsNobodyBack()
    {
        Cluster.Options.Lease = TimeSpan.FromSeconds(2);
        var nodes = await ActiveAsync("web-1", "web-2");
        var (late, dead) = (nodes[0].Self.Tag, nodes[1].Self.Tag);
        var joiner = await JoinAfterFlushAsync(nodes);
        var revived = 0;
        joiner.Membership.ViewChanged += view => Interlocked.Add(ref revived, view.Find(late) is null && view.Find(dead) is null ? 0 : 1);

        await Eventually.Async(() => joiner.View.IsGone(late) && joiner.View.IsGone(dead));
        nodes[0].ReconnectToRedis();

        await Eventually.Async(() => joiner.View.FindByFormerTag(late) is not null);
        Assert.Equal([late], nodes[0].Self.FormerTags);
        await Eventually.Async(() => nodes[0].View.Find(joiner.Self.Tag) is not null);
        Assert.True(nodes[0].View.IsGone(dead));
        Assert.Equal(0, revived);
    }

    [Fact]
    public async Task NobodyBeatUnsettled_ForLongerThanALease_IsNoReasonToBeGone()
    {
        Cluster.Options.Lease = TimeSpan.FromSeconds(2);
        var node = (await ActiveAsync("web-1"))[0];
        var tag = node.Self.Tag;
        var joiner = await JoinAfterFlushAsync(node);
        joiner.CutOffFromRedis();

        await Task.Delay(1.5 * Cluster.Options.Lease, TimeProvider.System, Cancellation);
        joiner.ReconnectToRedis();
        await Eventually.Async(() => joiner.Membership.Degradation is null);

        Assert.True(joiner.View.IsUnknown(tag));
        node.ReconnectToRedis();
        await Eventually.Async(() => joiner.View.Find(tag) is not null);
        Assert.Equal(tag, node.Self.Tag);
    }

    [Fact]
    public async Task NodeThatLeftBeforeAFlush_IsGoneAndNotUnknown()
    {
        var nodes = await ActiveAsync("web-1", "web-2");
        var left = nodes[1].Self.Tag;
        await nodes[1].Membership.LeaveAsync(Cancellation);

        await Cluster.FlushAsync(nodes[0]);
        var joiner = (await ActiveAsync("web-3"))[0];
        await Eventually.Async(() => nodes[..1].Append(joiner).All(node => node.View.Nodes.Length == 2));

        Assert.All(nodes[..1].Append(joiner), node => Assert.True(node.View.IsGone(left)));
        Assert.True(joiner.View.IsUnknown(new NodeTag(left.Sequence - 1, 1)));
    }

    /// <summary>The others cannot beat, long enough that the newcomer takes the empty Redis for a new cluster.</summary>
    private async Task<RedisNode> JoinAfterFlushAsync(params RedisNode[] others)
    {
        foreach (var node in others)
        {
            node.CutOffFromRedis();
        }

        // A beat may be on its way.
        await Eventually.Async(() => others.All(node => node.Membership.Degradation is not null));
        var joiner = Cluster.RedisNode("web-3");
        await Cluster.FlushAsync(joiner);
        await joiner.JoinActiveAsync();
        return joiner;
    }
}
