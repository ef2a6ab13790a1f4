using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;
using StickySessions.Redis;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Placement;

namespace StickySessions.Tests.Integration.State;

/// <summary>A record whose snapshot nobody can read.</summary>
public sealed class UnreadableStateTests(RedisServerFixture redis)
{
    [Theory]
    [InlineData(new byte[] { 9, 9, 9 })]
    [InlineData(new byte[] { 1, 0, 0xFF, 0xFF, 0xFF, 0xFF })]
    [InlineData(new byte[] { 1, 1, 7, 0, 0, 0, 200, 201 })]
    public async Task Session_WhoseSnapshotIsGarbage_GoesOnNewAndTheBytesAreKept(byte[] garbage)
    {
        await using var cluster = StateApplication.Cluster(await redis.ConfigurationAsync());
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        using var client = new StateClient();
        await client.PostAsync(nodes[0], "/basket/apple");
        var id = nodes[0].Held.All().Single().Id.ToString();
        await SpoilAsync(nodes[1], id, garbage);
        await nodes[0].KillAsync();

        Assert.Equal("", await client.GetAsync(nodes[1], "/basket"));
        await client.PostAsync(nodes[2], "/basket/bread");

        var (database, key) = Aside(nodes[1], id);
        await Eventually.Async(() => database.KeyExistsAsync(key), "the bytes are kept aside");
        Assert.Equal(garbage, (byte[]?)await database.StringGetAsync(key));
        Assert.InRange((await database.KeyTimeToLiveAsync(key))!.Value, TimeSpan.FromDays(6), TimeSpan.FromDays(7));
        await nodes.First(node => !node.IsKilled && node.Held.All().Any(session => session.Id.ToString() == id)).KillAsync();
        Assert.Equal("bread", await client.GetAsync(nodes.First(node => !node.IsKilled), "/basket"));
    }

    /// <summary>As if another version, or another application, had written it.</summary>
    private static async Task SpoilAsync(PlacementNode node, string id, byte[] garbage)
    {
        var connections = node.Services.GetRequiredService<IRedisConnections>();
        var database = connections.Records.GetDatabase();
        var record = (byte[])(await database.StringGetAsync(connections.SessionKey(id)))!;
        byte[] spoilt = [.. record.AsSpan(0, record.AsSpan().IndexOf((byte)'\n') + 1), .. garbage];
        await database.StringSetAsync(connections.SessionKey(id), spoilt, Expiration.KeepTtl);
    }

    private static (IDatabase Database, RedisKey Key) Aside(PlacementNode node, string id)
    {
        var connections = node.Services.GetRequiredService<IRedisConnections>();
        return (connections.Records.GetDatabase(), connections.SessionKey(id).Append(":unreadable:1"));
    }
}
