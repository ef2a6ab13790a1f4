using StickySessions.Cluster;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>A process that runs keeps its name, however wrong the address is at which it is looked for.</summary>
public abstract class NameCheckTests(IRedisServer server) : RedisTestBase
{
    protected override Task<string> ConfigurationAsync() => server.ConfigurationAsync();

    [Fact]
    public async Task RunningProcess_WhoseAddressIsRefused_ObjectsByBeating()
    {
        var nodes = await TwoThatBeatSeldomAsync();
        Cluster.Network.Close(nodes[0].Address);

        await AssertKeepsItsNameAsync(nodes);
    }

    [Fact]
    public async Task RunningProcess_AtWhoseAddressAnotherNodeAnswers_ObjectsByBeating()
    {
        var nodes = await TwoThatBeatSeldomAsync();
        Cluster.Network.Listen(nodes[0].Address, nodes[1].Membership);

        await AssertKeepsItsNameAsync(nodes);
    }

    /// <summary>So seldom that the beat that clears it is an answer, and not the next one.</summary>
    private Task<RedisNode[]> TwoThatBeatSeldomAsync()
    {
        Cluster.Options.BeatInterval = TimeSpan.FromSeconds(2);
        return ActiveAsync("web-1", "web-2");
    }

    private async Task AssertKeepsItsNameAsync(RedisNode[] nodes)
    {
        var tag = nodes[0].Self.Tag;

        var join = Cluster.RedisNode("web-1").JoinAsync();
        await Assert.ThrowsAsync<ClusterJoinException>(() => join.WaitAsync(TimeSpan.FromSeconds(20), Cancellation));

        Assert.Equal(tag, nodes[0].Self.Tag);
        Assert.NotNull((await nodes[1].Membership.RefreshAsync(Cancellation)).Find(tag));
    }
}
