using System.Net;
using StackExchange.Redis;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Redis;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Ownership;

/// <summary>In Redis Cluster the record of a session has another master than the view, and no beat fails when that one does.</summary>
public sealed class RedisClusterMasterTests : IAsyncLifetime
{
    private RedisClusterServers _redis = null!;

    public async ValueTask InitializeAsync() => _redis = await RedisClusterServers.StartOrSkipAsync();

    public async ValueTask DisposeAsync()
    {
        if (_redis is { } redis)
        {
            await redis.DisposeAsync();
        }
    }

    [Fact]
    public async Task MasterOfRecords_RestartedEmpty_GetsThemAgainThoughNoBeatFailed()
    {
        await using var cluster = await DoubtTestCluster.StartAsync(_redis.Configuration);
        var membership = cluster.Of<IClusterMembership>(1);
        var cookies = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => cluster[0].StartSessionAsync()));
        await cluster[0].StopAsync();
        Assert.All(await Task.WhenAll(cookies.Select(cookie => cluster.GetAsync(1, cookie))), owner => Assert.Equal("node-2", owner));
        var sessions = cluster.Of<HeldSessions>(1).All().ToArray();
        Assert.Equal(20, sessions.Length);
        var connections = cluster.Of<IRedisConnections>(1);
        var ofView = await MasterAsync(connections, connections.Key("view:nodes"));
        var victim = _redis.Masters.First(master => master.Port != ofView);
        var lost = new List<SessionId>();
        foreach (var session in sessions)
        {
            if (await MasterAsync(connections, connections.SessionKey(session.Id.ToString())) == victim.Port)
            {
                lost.Add(session.Id);
            }
        }

        Assert.NotEmpty(lost);
        var generation = await GenerationAsync(connections);
        var tag = membership.Self.Tag;
        await victim.KillAsync();
        await victim.StartAsync();

        foreach (var session in lost)
        {
            await Eventually.Async(async () => await cluster.RecordAsync(1, session) is { Epoch: 2 }, "the record is back");
        }

        Assert.Equal((generation, tag), (await GenerationAsync(connections), membership.Self.Tag));
    }

    private static async Task<int> MasterAsync(IRedisConnections connections, RedisKey key)
        => ((IPEndPoint)(await connections.Records.GetDatabase().IdentifyEndpointAsync(key, CommandFlags.DemandMaster))!).Port;

    private static async Task<string?> GenerationAsync(IRedisConnections connections)
        => await connections.Beats.GetDatabase().HashGetAsync(connections.Key("view:meta"), "generation");
}
