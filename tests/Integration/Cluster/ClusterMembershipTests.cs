using StickySessions.Cluster;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>What every membership promises, wherever it knows the cluster from.</summary>
public abstract class ClusterMembershipTests
{
    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private protected abstract ITestCluster Cluster { get; }

    [Fact]
    public async Task Join_ByThreeNodesAtOnce_GivesAllTheSameView()
    {
        var nodes = await Cluster.ActiveAsync("web-1", "web-2", "web-3");

        Assert.All(nodes, node => Assert.Equal(["web-1", "web-2", "web-3"], node.View.Nodes.Select(n => n.Name).Order()));
        Assert.Equal(3, nodes.Select(node => node.Self.Tag).Distinct().Count());
        Assert.All(nodes, node => Assert.True(node.Membership.HasMajority));
        await Eventually.Async(() => nodes.All(node => node.Membership.Degradation is null));
    }

    [Fact]
    public async Task BeforeJoin_ThereIsNoViewAndNoSelf()
    {
        var node = Cluster.Node("web-1");

        Assert.False(node.Membership.IsJoined);
        Assert.Empty(node.View.Nodes);
        Assert.Throws<InvalidOperationException>(() => node.Self);

        await node.JoinAsync();

        Assert.Equal(NodeState.Starting, Assert.Single(node.View.Nodes).State);
    }

    [Fact]
    public async Task Refresh_FindsANodeThatJoinedAMomentAgo()
    {
        var first = (await Cluster.ActiveAsync("web-1"))[0];

        var second = (await Cluster.ActiveAsync("web-2"))[0];

        Assert.NotNull((await first.Membership.RefreshAsync(Cancellation)).Find(second.Self.Tag));
    }

    [Fact]
    public async Task Drain_IsSeenByAll()
    {
        var nodes = await Cluster.ActiveAsync("web-1", "web-2");

        await nodes[0].Membership.AnnounceAsync(NodeState.Draining, publicAddress: null, Cancellation);

        Assert.Equal(NodeState.Draining, nodes[0].Self.State);
        Assert.Equal(NodeState.Draining, nodes[0].View.Find(nodes[0].Self.Tag)!.State);
        await Eventually.Async(() => nodes[1].View.Find(nodes[0].Self.Tag)?.State == NodeState.Draining);
    }

    [Fact]
    public async Task Leave_ReturnsWhenThePeersKnow()
    {
        var nodes = await Cluster.ActiveAsync("web-1", "web-2", "web-3");
        var tag = nodes[0].Self.Tag;

        await nodes[0].Membership.LeaveAsync(Cancellation);

        Assert.All(nodes, node => Assert.Null(node.View.Find(tag)));
        Assert.All(nodes, node => Assert.True(node.View.IsGone(tag)));
    }

    [Fact]
    public async Task Restart_OfAKilledProcess_JoinsAtOnceUnderANewTag()
    {
        var nodes = await Cluster.ActiveAsync("web-1", "web-2");
        var old = nodes[0].Self.Tag;
        await nodes[0].KillAsync();

        var restarted = Cluster.Node("web-1");
        await restarted.JoinActiveAsync();

        Assert.NotEqual(old, restarted.Self.Tag);
        Assert.Null(restarted.View.Find(old));
        Assert.Empty(restarted.Self.FormerTags);
        await Eventually.Async(() => nodes[1].View.Find(old) is null && nodes[1].View.Find(restarted.Self.Tag) is not null);
    }

    [Fact]
    public async Task Join_WithTheNameOfARunningProcess_IsRefusedWithTheRemedy()
    {
        var nodes = await Cluster.ActiveAsync("web-1", "web-2");

        var refusal = await Assert.ThrowsAsync<ClusterJoinException>(() => Cluster.Duplicate("web-1").JoinAsync());

        Assert.Contains("StickySessions:Node:Name is 'web-1'", refusal.Message, StringComparison.Ordinal);
        await nodes[1].Membership.RefreshAsync(Cancellation);
        Assert.NotNull(nodes[1].View.Find(nodes[0].Self.Tag));
    }

    [Fact]
    public async Task Suspect_OfAKilledNode_IsGoneForAllLongBeforeItsLeaseEnds()
    {
        var nodes = await Cluster.ActiveAsync("web-1", "web-2", "web-3");
        var tag = nodes[0].Self.Tag;
        await nodes[0].KillAsync();

        var decisions = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => nodes[1 + (i % 2)].Membership.SuspectAsync(tag, Cancellation)));

        Assert.All(decisions, Assert.True);
        await Eventually.Async(() => nodes[1].View.Find(tag) is null && nodes[2].View.Find(tag) is null);
        Assert.Equal(2, nodes[1].View.Nodes.Length);
    }

    [Fact]
    public async Task Suspect_OfANodeThatRuns_IsNotGone()
    {
        var nodes = await Cluster.ActiveAsync("web-1", "web-2", "web-3");
        var tag = nodes[0].Self.Tag;

        var gone = await nodes[1].Membership.SuspectAsync(tag, Cancellation);

        Assert.False(gone);
        Assert.Equal(tag, nodes[0].Self.Tag);
        Assert.All(nodes, node => Assert.NotNull(node.View.Find(tag)));
    }

    [Fact]
    public async Task Suspect_OfATagThatIsNotInTheView_SaysGoneWithoutAsking()
    {
        var node = (await Cluster.ActiveAsync("web-1"))[0];

        Assert.True(await node.Membership.SuspectAsync(new NodeTag(1, 1), Cancellation));
    }
}
