using StackExchange.Redis;

namespace StickySessions.Tests.Integration.Hosts;

public sealed class RedisServersTests(GarnetServerFixture garnet)
{
    private const string Script = "redis.call('set', KEYS[1], ARGV[1]) return redis.call('get', KEYS[1])";

    [Fact]
    public async Task Garnet_Started_RunsScripts() => await AssertRunsScriptsAsync(await garnet.ConfigurationAsync());

    [Fact]
    public async Task RedisServer_Killed_ComesBackEmptyOnTheSamePort()
    {
        await using var server = await RedisServerProcess.StartOrSkipAsync();
        await AssertRunsScriptsAsync(server.Configuration);

        await server.KillAsync();
        await server.StartAsync();

        await using var redis = await ConnectionMultiplexer.ConnectAsync(server.Configuration);
        Assert.True((await redis.GetDatabase().StringGetAsync("{hosts}:key")).IsNull);
    }

    private static async Task AssertRunsScriptsAsync(string configuration)
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync(configuration);
        var result = await redis.GetDatabase().ScriptEvaluateAsync(Script, ["{hosts}:key"], ["value"]);
        Assert.Equal("value", (string?)result);
    }
}
