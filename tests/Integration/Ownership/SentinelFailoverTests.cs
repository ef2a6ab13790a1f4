using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Redis;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Ownership;

/// <summary>Sentinel puts a replica in the place of the master, be it one that is behind.</summary>
public sealed class SentinelFailoverTests : IAsyncLifetime
{
    private SentinelServers _redis = null!;

    public async ValueTask InitializeAsync() => _redis = await SentinelServers.StartOrSkipAsync();

    public async ValueTask DisposeAsync()
    {
        if (_redis is { } redis)
        {
            await redis.DisposeAsync();
        }
    }

    [Fact]
    public async Task Failover_InTheMiddleOfTraffic_KeepsSessionsAndPushesWhatItLost()
    {
        await using var cluster = await DoubtTestCluster.StartAsync(_redis.Configuration, nodes: 3);
        var live = await cluster[1].StartSessionAsync();
        var orphan = await cluster[0].StartSessionAsync();
        var session = cluster.HeldBy(0).Id;
        var tags = new[] { 1, 2 }.Select(node => cluster.Of<IClusterMembership>(node).Self.Tag).ToArray();

        // What happens now the replica never hears of: a node leaves, and its session is claimed.
        await _redis.CutReplicationAsync();
        await cluster[0].StopAsync();
        var owner = await cluster.GetAsync(1, orphan) == "node-2" ? 1 : 2;
        var claimed = (await cluster.RecordAsync(1, session))!.Value;
        Assert.Equal(2u, claimed.Epoch);

        using var stop = new CancellationTokenSource();
        var answers = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        var traffic = Task.WhenAll(new[] { (Cookie: live, Owner: 1), (Cookie: orphan, Owner: owner) }.Select(client => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var answer = await cluster.GetAsync(client.Owner, client.Cookie);
                answers.AddOrUpdate(answer == $"node-{client.Owner + 1}" ? "its owner" : answer, 1, (_, count) => count + 1);
            }
        })).ToArray());
        await Eventually.Async(() => !answers.IsEmpty, "traffic runs");
        await _redis.First.KillAsync();
        await cluster.SeesRedisAsync(away: true);
        await cluster.SeesRedisAsync(away: false);

        await Eventually.Async(async () => await cluster.RecordAsync(1, session) is { Epoch: 2 }, "the record is in the new master");
        await stop.CancelAsync();
        await traffic;
        Assert.Equal(claimed.Nonce, (await cluster.RecordAsync(2, session))!.Value.Nonce);
        Assert.Equal(["its owner"], answers.Keys);
        Assert.Equal("node-2", await cluster.GetAsync(2, live));
        Assert.Equal(tags, new[] { 1, 2 }.Select(node => cluster.Of<IClusterMembership>(node).Self.Tag));
        Assert.Equal(_redis.Second.Port, await MasterPortAsync(cluster));
    }

    [Theory]
    [InlineData(true)] // no Sentinel
    [InlineData(false)] // no server to be the master
    public async Task AwayAtStart_ConnectsInTheBackgroundWhenItIsThere(bool sentinel)
    {
        if (sentinel)
        {
            await _redis.KillSentinelAsync();
        }
        else
        {
            await _redis.Second.KillAsync();
            await _redis.First.KillAsync();
        }

        await using var connections = new RedisConnections(Options.Create(new StickyRedisOptions { Configuration = _redis.Configuration }));
        await connections.ConnectAsync(TestContext.Current.CancellationToken);
        await Assert.ThrowsAnyAsync<StackExchange.Redis.RedisException>(() => connections.Beats.GetDatabase().PingAsync());
        if (sentinel)
        {
            await _redis.StartSentinelAsync();
        }
        else
        {
            await _redis.First.StartAsync();
        }

        await Eventually.Async(async () => await AnswersAsync(() => connections.Beats) && await AnswersAsync(() => connections.Records));
    }

    private static async Task<bool> AnswersAsync(Func<StackExchange.Redis.IConnectionMultiplexer> connection)
    {
        try
        {
            return !(await connection().GetDatabase().StringGetAsync("any", StackExchange.Redis.CommandFlags.DemandMaster)).HasValue;
        }
        catch (StackExchange.Redis.RedisException)
        {
            return false;
        }
    }

    private static async Task<int> MasterPortAsync(DoubtTestCluster cluster)
    {
        var redis = cluster.Of<IRedisConnections>(1);
        var endpoint = await redis.Records.GetDatabase().IdentifyEndpointAsync(redis.SessionKey("any"), StackExchange.Redis.CommandFlags.DemandMaster);
        return ((System.Net.IPEndPoint)endpoint!).Port;
    }
}
