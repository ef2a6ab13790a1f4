using StickySessions.Cluster;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>What membership in Redis promises, on every server that claims to be Redis.</summary>
public abstract class RedisMembershipTests(IRedisServer server) : ClusterMembershipTests, IAsyncLifetime
{
    private RedisCluster _cluster = null!;

    private protected override ITestCluster Cluster => _cluster;

    public async ValueTask InitializeAsync() => _cluster = new RedisCluster(await server.ConfigurationAsync());

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_cluster is { } cluster)
        {
            await cluster.DisposeAsync();
        }
    }

    private Task<RedisNode[]> ActiveAsync(params string[] names) => _cluster.RedisNodesAsync(names);

    [Fact]
    public async Task Join_OfALaterNode_IsNewerThanEveryEarlierView()
    {
        var first = (await ActiveAsync("web-1"))[0];
        var before = first.View;

        var second = (await ActiveAsync("web-2"))[0];

        Assert.True(before.IsUnknown(second.Self.Tag));
        Assert.NotNull((await first.Membership.RefreshAsync(Cancellation)).Find(second.Self.Tag));
    }

    [Fact]
    public async Task NodeThatStopsBeating_IsGoneAfterItsLease_AndComesBackWithANewTag()
    {
        _cluster.Options.Lease = TimeSpan.FromSeconds(2);
        var nodes = await ActiveAsync("web-1", "web-2");
        var old = nodes[0].Self.Tag;

        nodes[0].CutOffFromRedis();
        await Eventually.Async(() => nodes[1].View.Find(old) is null);
        Assert.NotNull(nodes[0].View.Find(nodes[1].Self.Tag));
        Assert.Contains("Redis is away", nodes[0].Membership.Degradation, StringComparison.Ordinal);
        nodes[0].ReconnectToRedis();

        await Eventually.Async(() => nodes[1].View.FindByFormerTag(old) is not null);
        var back = nodes[1].View.FindByFormerTag(old)!;
        Assert.Equal("web-1", back.Name);
        Assert.Equal(nodes[0].Self.Tag, back.Tag);
        Assert.Equal(NodeState.Active, back.State);
        Assert.NotEqual(old, back.Tag);
        await Eventually.Async(() => nodes[0].Membership.Degradation is null);
    }

    [Fact]
    public async Task Flush_KeepsTagsAndKeys()
    {
        var nodes = await ActiveAsync("web-1", "web-2", "web-3");
        var tags = nodes.Select(node => node.Self.Tag).ToArray();
        var key = nodes[0].Keys.Current.Current.Id;
        var versions = nodes.Select(node => node.View.Version).ToArray();
        var everGone = 0;
        foreach (var node in nodes)
        {
            node.Membership.ViewChanged += view => Interlocked.Add(ref everGone, tags.Count(tag => view.Find(tag) is null));
        }

        await _cluster.FlushAsync(nodes[0]);
        await Eventually.Async(() => nodes.Zip(versions).All(pair => pair.First.View.Version > pair.Second));
        var newcomer = (await ActiveAsync("web-4"))[0];

        await Eventually.Async(() => nodes.All(node => node.View.Nodes.Length == 4));
        Assert.Equal(tags, nodes.Select(node => node.Self.Tag));
        Assert.Equal(0, everGone);
        Assert.Equal(key, newcomer.Keys.Current.Current.Id);
        Assert.True(newcomer.Self.Tag.Sequence > tags.Max(tag => tag.Sequence));
        Assert.Equal(4, newcomer.View.Nodes.Length);
    }

    [Fact]
    public async Task Flush_ThenANewcomerFirst_StillKeepsAll()
    {
        var nodes = await ActiveAsync("web-1", "web-2");
        var tags = nodes.Select(node => node.Self.Tag).ToArray();
        foreach (var node in nodes)
        {
            node.CutOffFromRedis();
        }

        // Long enough without anybody that the newcomer takes the empty Redis for a new cluster.
        await Eventually.Async(() => nodes.All(node => node.Membership.Degradation is not null));
        var newcomer = _cluster.RedisNode("web-3");
        await _cluster.FlushAsync(newcomer);
        await newcomer.JoinActiveAsync();
        nodes[0].ReconnectToRedis();
        await Eventually.Async(() => newcomer.View.Nodes.Length == 3);
        nodes[1].ReconnectToRedis();

        await Eventually.Async(() => nodes.All(node => node.View.Nodes.Length == 3));
        Assert.Equal(tags, nodes.Select(node => node.Self.Tag));
        await Eventually.Async(() => nodes.All(node => node.Keys.Current.TryFind(newcomer.Keys.Current.Current.Id, out _)));
        await Eventually.Async(() => newcomer.Keys.Current.TryFind(nodes[0].Keys.Current.Current.Id, out _));
    }

    [Fact]
    public async Task NobodyBeatForLongerThanALease_NobodyIsGone()
    {
        _cluster.Options.Lease = TimeSpan.FromSeconds(2);
        var nodes = await ActiveAsync("web-1", "web-2");
        var tags = nodes.Select(node => node.Self.Tag).ToArray();

        foreach (var node in nodes)
        {
            node.CutOffFromRedis();
        }

        await Task.Delay(1.5 * _cluster.Options.Lease, TimeProvider.System, Cancellation);
        nodes[0].ReconnectToRedis();
        await Eventually.Async(() => nodes[0].Membership.Degradation is null);

        Assert.Equal(tags, nodes.Select(node => node.Self.Tag));
        Assert.NotNull(nodes[0].View.Find(tags[1]));
        nodes[1].ReconnectToRedis();
        await Eventually.Async(() => nodes[1].Membership.Degradation is null);
        Assert.Equal(tags[1], nodes[1].Self.Tag);
    }

    [Fact]
    public async Task Keys_AddedAndMadeCurrentByAnOperator_ReachAllNodes_AndTheOldOneStaysValid()
    {
        var nodes = await ActiveAsync("web-1", "web-2");
        var old = nodes[0].Keys.Current.Current.Id;
        var redis = nodes[0].Redis;

        await redis.Beats.GetDatabase().HashSetAsync(redis.Key("keys"), [new("second", "a secret of thirty-two letters and more"), new("current", "second")]);

        await Eventually.Async(() => nodes.All(node => node.Keys.Current.Current.Id != old));
        Assert.Single(nodes.Select(node => node.Keys.Current.Current.Id).Distinct());
        Assert.All(nodes, node => Assert.True(node.Keys.Current.TryFind(old, out _)));
    }

    [Fact]
    public async Task AdvertisedAddressWhereNobodyListens_IsDegradedWithTheRemedy()
    {
        var nodes = await ActiveAsync("web-1", "web-2");

        Cluster.Network.Close(nodes[0].Address);

        await Eventually.Async(() => nodes.All(node => node.Membership.Degradation?.Contains("AdvertisedUrl", StringComparison.Ordinal) == true));
        Assert.Equal(2, nodes[1].View.Nodes.Length);
    }

    [Fact]
    public async Task Leave_WhileRedisIsAway_Returns()
    {
        var nodes = await ActiveAsync("web-1", "web-2");
        nodes[0].CutOffFromRedis();

        await nodes[0].Membership.LeaveAsync(Cancellation);

        Assert.Null(nodes[0].View.Find(nodes[0].Self.Tag));
    }

    [Fact]
    public async Task ViewThatWentBackInTime_LosesNobodyAndRevivesNobody()
    {
        var nodes = await ActiveAsync("web-1", "web-2", "web-3");
        var setBack = await RedisCluster.RememberAsync(nodes[0]);
        var newcomer = (await ActiveAsync("web-4"))[0];
        await nodes[2].Membership.LeaveAsync(Cancellation);
        await Eventually.Async(() => nodes[0].View.Find(newcomer.Self.Tag)?.State == NodeState.Active);
        var version = nodes[0].View.Version;

        await setBack();

        await Eventually.Async(() => nodes[..2].Append(newcomer).All(node => node.View.Version > version));
        var tags = new[] { nodes[0].Self.Tag, nodes[1].Self.Tag, newcomer.Self.Tag };
        await Eventually.Async(() => nodes[..2].Append(newcomer).All(
            node => node.View.Nodes.Length == 3 && tags.All(tag => node.View.Find(tag) is not null)));
        Assert.Empty(newcomer.Self.FormerTags);
    }

    [Fact]
    public async Task Join_ByTwoProcessesOfOneNameAtOnce_LetsOneIn()
    {
        var nodes = new[] { Cluster.Node("web-1"), Cluster.Node("web-1"), Cluster.Node("web-1") };

        var refusals = await Task.WhenAll(nodes.Select(async node => await Record.ExceptionAsync(node.JoinAsync)));

        Assert.Single(refusals, refusal => refusal is null);
        Assert.Equal(2, refusals.OfType<ClusterJoinException>().Count());
        Assert.Single(nodes.Single(node => node.Membership.IsJoined).View.Nodes);
    }
}
