using System.Diagnostics;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>Leases last a minute here: what is decided is decided by evidence.</summary>
public abstract class EarlyExpiryTests(IRedisServer server) : RedisTestBase
{
    /// <summary>Redis counts its own milliseconds.</summary>
    private static readonly TimeSpan Precision = TimeSpan.FromMilliseconds(20);

    protected override Task<string> ConfigurationAsync() => server.ConfigurationAsync();

    [Fact]
    public async Task KilledNode_IsGone_WhenASecondNodeConfirms()
    {
        var nodes = await ActiveAsync("web-1", "web-2", "web-3");
        var tag = nodes[0].Self.Tag;
        await nodes[0].KillAsync();

        Assert.True(await nodes[1].Membership.SuspectAsync(tag, Cancellation));

        await Eventually.Async(() => nodes[2].View.Find(tag) is null);
    }

    [Fact]
    public async Task KilledNode_IsNotGone_WhileTheOnlyOtherNodeDoesNotConfirm()
    {
        // So long that the other node misses no two beats on a busy machine: else nobody would be left to confirm.
        Cluster.Options.BeatInterval = TimeSpan.FromSeconds(1);
        var nodes = await ActiveAsync("web-1", "web-2", "web-3");
        var tag = nodes[0].Self.Tag;
        Cluster.Network.Pretend("web-3", nodes[0].Address);
        await nodes[0].KillAsync();
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(1));

        Assert.False(await nodes[1].Membership.SuspectAsync(tag, enough.Token));

        Assert.All(nodes[1..], node => Assert.NotNull(node.View.Find(tag)));
    }

    [Fact]
    public async Task KilledNodes_AllButOne_AreGone_AsNobodyIsLeftToConfirm()
    {
        var nodes = await ActiveAsync("web-1", "web-2", "web-3");
        var tags = nodes.Select(node => node.Self.Tag).ToArray();
        await nodes[0].KillAsync();
        await nodes[1].KillAsync();

        Assert.True(await nodes[2].Membership.SuspectAsync(tags[0], Cancellation));
        Assert.True(await nodes[2].Membership.SuspectAsync(tags[1], Cancellation));
        Assert.Single(nodes[2].View.Nodes);
    }

    [Fact]
    public async Task RunningNode_WhoseAddressIsRefusedForAll_ObjectsByBeating()
    {
        // So long that the beat that clears it is an answer, and not the next one.
        Cluster.Options.BeatInterval = TimeSpan.FromSeconds(2);
        var nodes = await ActiveAsync("web-1", "web-2", "web-3");
        var tag = nodes[0].Self.Tag;
        Cluster.Network.Close(nodes[0].Address);

        Assert.False(await nodes[1].Membership.SuspectAsync(tag, Cancellation));

        Assert.Equal(tag, nodes[0].Self.Tag);
        Assert.NotNull((await nodes[1].Membership.RefreshAsync(Cancellation)).Find(tag));
    }

    [Fact]
    public async Task FrozenNode_IsNotGoneBeforeItsLeaseEnds()
    {
        Cluster.Options.Lease = TimeSpan.FromSeconds(2);
        var nodes = await ActiveAsync("web-1", "web-2", "web-3");
        var tag = nodes[0].Self.Tag;

        await nodes[0].Membership.RefreshAsync(Cancellation);
        var lastHeard = Stopwatch.GetTimestamp();
        nodes[0].CutOffFromRedis();

        await AssertGoneWhenItsLeaseEndedAsync(lastHeard, tag, suspect: nodes[1]);
    }

    [Fact]
    public async Task ExpireOnRefusedOff_WaitsForTheLease()
    {
        Cluster.Options.ExpireOnRefused = false;
        Cluster.Options.Lease = TimeSpan.FromSeconds(2);
        var nodes = await ActiveAsync("web-1", "web-2", "web-3");
        var tag = nodes[0].Self.Tag;

        await nodes[0].Membership.RefreshAsync(Cancellation);
        var lastHeard = Stopwatch.GetTimestamp();
        await nodes[0].KillAsync();

        await AssertGoneWhenItsLeaseEndedAsync(lastHeard, tag, suspect: nodes[1]);
    }

    private async Task AssertGoneWhenItsLeaseEndedAsync(long lastHeard, NodeTag tag, RedisNode suspect)
    {
        // Again and again: on a machine so busy that nobody beats for a while all leases are extended.
        await Eventually.Async(() => suspect.Membership.SuspectAsync(tag, Cancellation));

        // The beat that renewed the lease had ended by then, and was sent at most one interval earlier.
        var since = Stopwatch.GetElapsedTime(lastHeard);
        Assert.True(since > Cluster.Options.Lease - Cluster.Options.BeatInterval - Precision, $"Gone {since} after its last beat");
    }
}
