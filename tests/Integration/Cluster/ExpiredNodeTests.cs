using System.Collections.Concurrent;
using StickySessions.Cluster;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>A node that was declared gone while it ran has no tag of its own until it is let in again.</summary>
public abstract class ExpiredNodeTests(IRedisServer server) : RedisTestBase
{
    protected override Task<string> ConfigurationAsync() => server.ConfigurationAsync();

    [Fact]
    public async Task NameTakenMeanwhile_IsNotJoinedUntilTheNameIsFree()
    {
        Cluster.Options.Lease = TimeSpan.FromSeconds(1);
        var nodes = await ActiveAsync("web-1", "web-2");
        var old = nodes[0].Self.Tag;
        nodes[0].CutOffFromRedis();
        await Eventually.Async(() => nodes[1].View.Find(old) is null);
        var other = Cluster.RedisNode("web-1");
        await other.JoinActiveAsync();

        nodes[0].ReconnectToRedis();

        await Eventually.Async(() => nodes[0].Membership.Degradation?.Contains("another running process", StringComparison.Ordinal) == true);
        Assert.False(nodes[0].Membership.IsJoined);
        Assert.Equal("web-1", nodes[0].Self.Name);

        await other.Membership.LeaveAsync(Cancellation);
        await Eventually.Async(() => nodes[0].Membership.IsJoined);
        Assert.NotEqual(old, nodes[0].Self.Tag);
        Assert.Equal([old], nodes[0].Self.FormerTags);
        Assert.NotNull(nodes[1].Membership.View.FindByFormerTag(old) ?? (await nodes[1].Membership.RefreshAsync(Cancellation)).FindByFormerTag(old));
    }

    [Fact]
    public async Task NameFree_HasJoinedAgainInTheBeatThatToldIt()
    {
        // So long that the next beat comes too late.
        Cluster.Options.BeatInterval = TimeSpan.FromSeconds(2);
        var nodes = await ActiveAsync("web-1", "web-2");
        var tags = nodes.Select(node => node.Self.Tag).ToArray();
        var database = nodes[0].Redis.Beats.GetDatabase();
        foreach (var tag in tags)
        {
            // As when its lease ended.
            await database.SortedSetAddAsync(ViewKeys.All(nodes[0].Redis)[1], tag.ToString(), 0);
        }

        await Cluster.RedisNode("web-3").JoinAsync();
        await Task.WhenAll(nodes.Select(node => node.Membership.RefreshAsync(Cancellation)));

        Assert.All(nodes, node => Assert.True(node.Membership.IsJoined));

        // One that happened to beat in between has renewed its lease and kept its tag.
        var expired = nodes.Zip(tags).Where(pair => pair.First.Self.Tag != pair.Second).ToArray();
        Assert.NotEmpty(expired);
        Assert.All(expired, pair => Assert.Equal(pair.Second, Assert.Single(pair.First.Self.FormerTags)));
    }

    [Fact]
    public async Task EveryJoin_DoubtsTheStoreBeforeTheNodeMayServe()
    {
        var (other, node) = ((await ActiveAsync("web-2"))[0], Cluster.RedisNode("web-1"));
        var doubts = new ConcurrentQueue<(bool IsJoined, bool IsLeaseHeld)>();
        node.Membership.StoreDoubted += () => doubts.Enqueue((node.Membership.IsJoined, node.Membership.Lease.IsHeld));

        await node.JoinActiveAsync();
        await Eventually.Async(() => node.Membership.IsJoined);
        Assert.Equal((false, false), Assert.Single(doubts));

        // Its lease ends and Redis answers it all the time: only that it joins again says what it may have missed.
        var tag = node.Self.Tag;
        await Eventually.Async(async () =>
        {
            await other.Redis.Beats.GetDatabase().SortedSetAddAsync(ViewKeys.All(other.Redis)[1], tag.ToString(), 0);
            return (await other.Membership.RefreshAsync(Cancellation)).Find(tag) is null;
        });
        await Eventually.Async(() => node.Self.Tag != tag && node.Membership.IsJoined);
        Assert.Equal([(false, false), (false, false)], doubts);
    }

    [Fact]
    public async Task RedisAwayForLongerThanItRemembersWhoIsGone_IsNotExpiredBeforeRedisIsBack()
    {
        var node = (await ActiveAsync("web-1"))[0];
        var old = node.Self.Tag;
        node.CutOffFromRedis();
        await Eventually.Async(() => node.Membership.Degradation is not null);

        node.Clock.Leap(2 * RedisBeat.RememberGone);
        await node.Membership.RefreshAsync(Cancellation);

        Assert.True(node.Membership.IsJoined);
        Assert.Equal(old, node.Self.Tag);

        node.ReconnectToRedis();
        await Eventually.Async(() => node.Self.Tag != old && node.Membership.IsJoined);
        Assert.Equal([old], node.Self.FormerTags);
    }
}
