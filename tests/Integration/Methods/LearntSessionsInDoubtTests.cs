using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;
using StickySessions.Cluster;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Startup;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>Redis is away, or has forgotten what was learnt.</summary>
public sealed class LearntSessionsInDoubtTests : IAsyncLifetime
{
    private const string Sid = "\"sid\":\"([^\"]+)\"";

    private readonly RecordedLog _log = new();
    private RedisServerProcess _redis = null!;

    public async ValueTask InitializeAsync() => _redis = await RedisServerProcess.StartOrSkipAsync();

    public async ValueTask DisposeAsync()
    {
        if (_redis is { } redis)
        {
            await redis.DisposeAsync();
        }
    }

    [Fact]
    public async Task Flush_SessionsGoOn_AndTheirRecordsComeBack()
    {
        await using var cluster = await StartAsync(RedisLostBehavior.PreferAvailability);
        var cookies = await BeginAsync(cluster);
        await using (var redis = await ConnectionMultiplexer.ConnectAsync($"{_redis.Configuration},allowAdmin=true"))
        {
            await redis.GetDatabase().ExecuteAsync("FLUSHALL");
        }

        await AssertEachWhereItBeganAsync(cluster, cookies);
        await Eventually.Async(async () => await RecordsAsync(cluster, cookies) == cookies.Length, "all records are back");
        await AssertEachWhereItBeganAsync(cluster, cookies);
    }

    [Fact]
    public async Task TokenGivenOut_WhileRedisIsAway_IsFoundByAsking_AndRecordedLater()
    {
        await using var cluster = await StartAsync(RedisLostBehavior.PreferAvailability);
        await _redis.KillAsync();
        await SeesRedisAsync(cluster, away: true);

        var cookies = await BeginAsync(cluster);
        await AssertEachWhereItBeganAsync(cluster, cookies);

        await _redis.StartAsync();
        await SeesRedisAsync(cluster, away: false);
        await Eventually.Async(async () => await RecordsAsync(cluster, cookies) == cookies.Length, "all are recorded");
        await AssertEachWhereItBeganAsync(cluster, cookies);
    }

    [Fact]
    public async Task TokenGivenOut_WhileRedisIsAway_IsNotGivenOutByAPolicyThatPrefersConsistency()
    {
        await using var cluster = await StartAsync(RedisLostBehavior.PreferConsistency);
        await _redis.KillAsync();
        await SeesRedisAsync(cluster, away: true);

        var answer = await cluster.GetAsync("web-1", "/cookie");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.Empty(answer.SetCookies);
        await Eventually.Async(() => !cluster.Named("web-1").Held.All().Any(), "its provisional session is forgotten");
    }

    [Theory]
    [InlineData("/sid")]
    [InlineData("/sid-written")]
    public async Task TokenInABody_WhileRedisIsAway_IsNotGivenOutByAPolicyThatPrefersConsistency(string path)
    {
        await using var cluster = await StartAsync(RedisLostBehavior.PreferConsistency, policy => policy.LearnFromBody = Sid);
        await _redis.KillAsync();
        await SeesRedisAsync(cluster, away: true);

        var answer = await cluster.GetAsync("web-1", path);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.Contains("directory-unavailable", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("sid", answer.Body, StringComparison.Ordinal);
        await Eventually.Async(() => !cluster.Named("web-1").Held.All().Any(), "its provisional session is forgotten");
        Assert.DoesNotContain("unhandled exception", _log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TokenLateInABody_WhileRedisIsAway_BreaksTheBodyOff()
    {
        await using var cluster = await StartAsync(RedisLostBehavior.PreferConsistency, policy => policy.LearnFromBody = Sid);
        await _redis.KillAsync();
        await SeesRedisAsync(cluster, away: true);

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => cluster.GetAsync("web-1", "/sid-late"));
        await Eventually.Async(() => !cluster.Named("web-1").Held.All().Any(), "its provisional session is forgotten");
        Assert.DoesNotContain("unhandled exception", _log.Text, StringComparison.Ordinal);
    }

    /// <summary>What somebody costs who makes up tokens: one look into Redis each, no script, no record.</summary>
    [Fact]
    public async Task TokensThatNobodyKnows_CostOneReadEach()
    {
        const int Tokens = 60;
        await using var cluster = await StartAsync(RedisLostBehavior.PreferAvailability);
        await using var counter = await ScriptCounter.ConnectAsync(_redis);
        var (before, reads) = (await counter.ReadAsync(), await ReadsAsync());

        for (var i = 0; i < Tokens; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await cluster.GetAsync(cluster.Nodes[i % 3], "/owner", $"{ApplicationWithTokens.Cookie}=made-up-{i}")).Status);
        }

        var work = await counter.ReadAsync() - before;
        Assert.Equal(Tokens, await ReadsAsync() - reads);
        Assert.Equal(work.Beats, work.Scripts);
        Assert.Equal(Tokens, cluster.Nodes.Sum(node => node.Held.All().Count()));

        async Task<long> ReadsAsync() => (await counter.Server.InfoAsync("commandstats")).SelectMany(section => section)
            .Where(pair => pair.Key == "cmdstat_get").Select(pair => long.Parse(pair.Value.Split(',')[0]["calls=".Length..], CultureInfo.InvariantCulture)).SingleOrDefault();
    }

    private static async Task AssertEachWhereItBeganAsync(TokenCluster cluster, string[] cookies)
    {
        for (var i = 0; i < cookies.Length; i++)
        {
            Assert.Equal(cluster.Nodes[i % 3].Name, await cluster.OwnerAsync(cookies[i]));
        }
    }

    private static async Task<string[]> BeginAsync(TokenCluster cluster)
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 9).Select(i => cluster.GetAsync(cluster.Nodes[i % 3], "/cookie")));
        return [.. answers.Select(answer => answer.Cookie())];
    }

    private static Task SeesRedisAsync(TokenCluster cluster, bool away) => Eventually.Async(
        () => cluster.Nodes.All(node => cluster.Of<IClusterMembership>(node.Name).Degradation is not null == away), $"all nodes see Redis away: {away}");

    private static async Task<int> RecordsAsync(TokenCluster cluster, string[] cookies)
    {
        var connections = cluster.Of<Redis.IRedisConnections>("web-1");
        var found = 0;
        foreach (var cookie in cookies)
        {
            found += await connections.Records.GetDatabase().KeyExistsAsync(connections.SessionKey(cluster.IdOf(cookie.Split('=')[1]).ToString())) ? 1 : 0;
        }

        return found;
    }

    private Task<TokenCluster> StartAsync(RedisLostBehavior behavior, Action<StickyPolicyOptions>? configure = null)
        => TokenCluster.StartAsync(
            _redis.Configuration, TokenCluster.ByCookie(StickyMethod.Learn) + (policy => policy.OnRedisLost = behavior) + configure,
            sticky: sticky => sticky.Services.AddSingleton<ILoggerProvider>(_log), map: MapBodies);

    private static void MapBodies(WebApplication app)
    {
        app.MapGet("/sid", () => Results.Text("{\"sid\":\"abc\"}"));
        app.MapGet("/sid-written", async context =>
        {
            await context.Response.Body.WriteAsync("{\"sid\":\"abc\"}"u8.ToArray());
        });
        app.MapGet("/sid-late", async context =>
        {
            await context.Response.WriteAsync("{ \"upgrades\": [], ");
            await context.Response.Body.FlushAsync();
            await context.Response.WriteAsync("\"sid\":\"abc\" }");
        });
    }
}
