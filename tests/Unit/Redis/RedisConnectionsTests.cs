using Microsoft.Extensions.Options;
using StackExchange.Redis;
using StickySessions.Redis;

namespace StickySessions.Tests.Unit.Redis;

public sealed class RedisConnectionsTests
{
    [Theory]
    [InlineData("redis-1:6379", 1000, 1000, 1000)]
    [InlineData("redis-1:6379,connectTimeout=2500", 2500, 1000, 1000)]
    [InlineData("asyncTimeout=3000,redis-1:6379,SYNCTIMEOUT=4000", 1000, 3000, 4000)]
    public async Task Timeouts_OfTheConnectionString_Win(string configuration, int connect, int async, int sync)
    {
        await using var connections = Connections(new StickyRedisOptions { Configuration = configuration });

        var settings = connections.SettingsFor("beats");

        Assert.Equal((connect, async, sync), (settings.ConnectTimeout, settings.AsyncTimeout, settings.SyncTimeout));
        Assert.Equal("redis-1:6379", Assert.Single(settings.EndPoints).ToString()!.Split('/')[^1]);
    }

    [Fact]
    public async Task FailingFast_IsNotNegotiable()
    {
        await using var connections = Connections(new StickyRedisOptions
        {
            Configuration = "redis-1:6379,abortConnect=true",
            Configure = settings => settings.BacklogPolicy = BacklogPolicy.Default,
        });

        var settings = connections.SettingsFor("records");

        Assert.False(settings.AbortOnConnectFail);
        Assert.Same(BacklogPolicy.FailFast, settings.BacklogPolicy);
    }

    private static RedisConnections Connections(StickyRedisOptions options) => new(Options.Create(options));
}
