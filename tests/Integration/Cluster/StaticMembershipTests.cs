using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>Membership of configured nodes.</summary>
public sealed class StaticMembershipTests : ClusterMembershipTests, IAsyncDisposable
{
    private readonly StaticCluster _cluster = new("web-1", "web-2", "web-3");

    private protected override ITestCluster Cluster => _cluster;

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task NodeAlone_NeedsNoConfiguration()
    {
        await using var cluster = new StaticCluster();
        var node = cluster.Node("web-1");

        await node.JoinActiveAsync();

        Assert.Equal(node.Self, Assert.Single(node.View.Nodes));
        Assert.True(node.Membership.HasMajority);
        Assert.Null(node.Membership.Degradation);
        Assert.Equal(0, cluster.Network.Asked);
    }

    [Fact]
    public async Task Majority_OfConfiguredNodes_IsNeededAmongThree()
    {
        var nodes = await _cluster.ActiveAsync("web-1", "web-2", "web-3");

        await nodes[2].KillAsync();
        await Eventually.Async(() => nodes[0].View.Nodes.Length == 2);
        Assert.True(nodes[0].Membership.HasMajority);

        await nodes[1].KillAsync();
        await Eventually.Async(() => nodes[0].View.Nodes.Length == 1);
        Assert.False(nodes[0].Membership.HasMajority);
        Assert.Contains("1 of 3", nodes[0].Membership.Degradation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Majority_OfTwoNodes_IsEither()
    {
        await using var cluster = new StaticCluster("web-1", "web-2");
        var node = cluster.Node("web-1");

        await node.JoinActiveAsync();

        Assert.True(node.Membership.HasMajority);
        Assert.Contains("web-2 has not answered", node.Membership.Degradation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SilentNode_IsGoneAfterAWhile_AndComesBackUnderItsTag()
    {
        var nodes = await _cluster.ActiveAsync("web-1", "web-2", "web-3");
        var tag = nodes[0].Self.Tag;

        _cluster.Network.Silence(nodes[0].Address);
        Assert.True(await nodes[1].Membership.SuspectAsync(tag, Cancellation));
        _cluster.Network.Unsilence(nodes[0].Address);

        await Eventually.Async(() => nodes[1].View.Find(tag) is not null);
    }

    [Fact]
    public async Task Suspect_OfASilentNode_ByManyAtOnce_AsksOnceForAll()
    {
        var nodes = await _cluster.ActiveAsync("web-1", "web-2", "web-3");
        var tag = nodes[0].Self.Tag;
        _cluster.Network.Silence(nodes[0].Address);
        var before = _cluster.Network.Asked;

        var gone = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => nodes[1].Membership.SuspectAsync(tag, Cancellation)));

        Assert.All(gone, Assert.True);
        Assert.InRange(_cluster.Network.Asked - before, 1, 99);
    }

    [Fact]
    public async Task Suspect_GivenUpByOne_GoesOnForTheOthers()
    {
        var nodes = await _cluster.ActiveAsync("web-1", "web-2", "web-3");
        var tag = nodes[0].Self.Tag;
        _cluster.Network.Silence(nodes[0].Address);
        using var impatience = new CancellationTokenSource();

        var first = nodes[1].Membership.SuspectAsync(tag, impatience.Token);
        var second = nodes[1].Membership.SuspectAsync(tag, Cancellation);
        await impatience.CancelAsync();

        Assert.False(await first);
        Assert.True(await second);
    }

    [Fact]
    public async Task UnknownTag_OfANodeThatStartedEarlierThanOneInView_IsAskedForBeforeItCountsAsGone()
    {
        // So seldom that nobody is found by the next probe.
        await using var cluster = new StaticCluster("a", "c", "d") { ProbeInterval = TimeSpan.FromHours(1) };
        var c = cluster.Node("c");
        await c.JoinActiveAsync();
        var d = cluster.Node("d");
        await d.JoinActiveAsync();
        cluster.Network.Silence(c.Address);
        var a = cluster.Node("a");
        await a.JoinActiveAsync();
        Assert.Null(a.View.Find(c.Self.Tag));
        cluster.Network.Unsilence(c.Address);

        var view = await a.Membership.ViewThatKnowsAsync(c.Self.Tag, Cancellation);

        Assert.NotNull(view.Find(c.Self.Tag));
    }

    [Fact]
    public async Task UnknownTag_NowhereFound_IsAskedForOnce()
    {
        await using var cluster = new StaticCluster("a", "b") { ProbeInterval = TimeSpan.FromHours(1) };
        var nodes = await cluster.ActiveAsync("a", "b");
        var stranger = new NodeTag(uint.MaxValue, 1);
        var before = cluster.Network.Asked;

        var first = await nodes[0].Membership.ViewThatKnowsAsync(stranger, Cancellation);
        Assert.Equal(before + 1, cluster.Network.Asked);
        var second = await nodes[0].Membership.ViewThatKnowsAsync(stranger, Cancellation);

        Assert.Equal(before + 1, cluster.Network.Asked);
        Assert.False(first.IsUnknown(stranger));
        Assert.Same(first, second);
    }

    [Fact]
    public async Task TagThatLeft_IsGoneWithoutAsking()
    {
        await using var cluster = new StaticCluster("a", "b") { ProbeInterval = TimeSpan.FromHours(1) };
        var nodes = await cluster.ActiveAsync("a", "b");
        var tag = nodes[1].Self.Tag;
        await nodes[1].Membership.LeaveAsync(Cancellation);
        var before = cluster.Network.Asked;

        var view = await nodes[0].Membership.ViewThatKnowsAsync(tag, Cancellation);

        Assert.Null(view.Find(tag));
        Assert.Equal(before, cluster.Network.Asked);
    }

    [Fact]
    public async Task EntryWithTheAddressOfAnotherNode_IsDegraded()
    {
        var nodes = await _cluster.ActiveAsync("web-1", "web-2");
        _cluster.Network.Listen(new Uri("http://web-3.test:6001"), nodes[1].Membership);

        await Eventually.Async(() => nodes[0].Membership.Degradation?.Contains("web-2 answers there", StringComparison.Ordinal) == true);

        Assert.Equal(2, nodes[0].View.Nodes.Length);
    }
}
