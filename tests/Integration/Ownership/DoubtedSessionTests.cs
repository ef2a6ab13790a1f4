using StackExchange.Redis;
using StickySessions.Ownership;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Ownership;

/// <summary>Redis was away, or has forgotten: sessions go on where they are, and nobody serves what another one owns.</summary>
public sealed class DoubtedSessionTests : IAsyncLifetime
{
    private RedisServerProcess _redis = null!;
    private DoubtTestCluster _cluster = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServerProcess.StartOrSkipAsync();
        _cluster = await DoubtTestCluster.StartAsync(_redis.Configuration);
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is { } cluster)
        {
            await cluster.DisposeAsync();
        }

        if (_redis is { } redis)
        {
            await redis.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(0)] // the request enters at the node that has lost the session
    [InlineData(1)] // … and at the one that owns it, which forwards to the node that the token names
    public async Task SessionThatAnotherNodeClaimed_AfterRedisWasAway_IsServedByItsOwner(int ingress)
    {
        var cookie = await _cluster[0].StartSessionAsync();
        await _cluster.StolenAsync();

        _redis.Freeze();
        await _cluster.SeesRedisAsync(away: true);
        _redis.Thaw();
        await _cluster.SeesRedisAsync(away: false);

        Assert.Equal("node-2", await _cluster.GetAsync(ingress, cookie));
        Assert.Empty(_cluster.Of<HeldSessions>(0).All());
        Assert.Equal(2u, _cluster.HeldBy(1).Epoch);
    }

    [Fact]
    public async Task SessionThatNobodyClaimed_AfterRedisWasAway_StaysWhereItIs()
    {
        var cookie = await _cluster[0].StartSessionAsync();
        var held = _cluster.HeldBy(0);

        _redis.Freeze();
        await _cluster.SeesRedisAsync(away: true);
        Assert.Equal("node-1", await _cluster.GetAsync(0, cookie));
        _redis.Thaw();
        await _cluster.SeesRedisAsync(away: false);
        var before = held.VerifiedIn;

        Assert.Equal("node-1", await _cluster.GetAsync(0, cookie));
        Assert.Equal("node-1", await _cluster.GetAsync(1, cookie));
        Assert.Same(held, _cluster.HeldBy(0));
        Assert.NotEqual(before, held.VerifiedIn);
        Assert.Null(await _cluster.RecordAsync(0, held.Id));
    }

    [Fact]
    public async Task UnverifiedSession_WhileRedisIsAwayAgain_IsServedOn()
    {
        var cookie = await _cluster[0].StartSessionAsync();
        _cluster.Of<HeldSessions>(0).DoubtAll();
        await _redis.KillAsync();

        Assert.Equal("node-1", await _cluster.GetAsync(0, cookie));
        Assert.NotEqual(_cluster.Of<HeldSessions>(0).Verification, _cluster.HeldBy(0).VerifiedIn);
    }

    [Fact]
    public async Task RecordThatAFlushTook_IsPushedAgainWithoutAnyRequest()
    {
        await _cluster.ClaimedSessionAsync();
        var held = _cluster.HeldBy(1);

        await FlushAsync();

        await Eventually.Async(async () => await _cluster.RecordAsync(1, held.Id) is not null, "the record is back");
        var record = (await _cluster.RecordAsync(1, held.Id))!.Value;
        Assert.Equal((2u, held.Claim.Nonce), (record.Epoch, record.Nonce));
        Assert.NotEqual(0ul, record.Nonce);
    }

    [Fact]
    public async Task RecordThatARestartTook_IsPushedAgain_AndTheSessionGoesOn()
    {
        var cookie = await _cluster.ClaimedSessionAsync();
        var held = _cluster.HeldBy(1);

        await _redis.KillAsync();
        await _cluster.SeesRedisAsync(away: true);
        await _redis.StartAsync();

        await Eventually.Async(async () => await _cluster.RecordAsync(1, held.Id) is { Epoch: 2 }, "the record is back");
        Assert.Equal("node-2", await _cluster.GetAsync(1, cookie));
        Assert.Same(held, _cluster.HeldBy(1));
    }

    [Fact]
    public async Task TombstoneThatAFlushTook_IsPushedAgain()
    {
        var cookie = await _cluster[0].StartSessionAsync();
        var session = _cluster.HeldBy(0).Id;
        await _cluster.GetAsync(0, cookie, "/end");
        Assert.True((await _cluster.RecordAsync(1, session))!.Value.Ended);

        await FlushAsync();

        await Eventually.Async(async () => await _cluster.RecordAsync(1, session) is { Ended: true, Epoch: 2 }, "the tombstone is back");
    }

    [Fact]
    public async Task TombstoneThatRedisWasAwayFor_IsWrittenWhenItIsBack()
    {
        var cookie = await _cluster[0].StartSessionAsync();
        var session = _cluster.HeldBy(0).Id;
        await _redis.KillAsync();
        await _cluster.SeesRedisAsync(away: true);

        await _cluster.GetAsync(0, cookie, "/end");
        await _redis.StartAsync();

        await _cluster.SeesRedisAsync(away: false);
        await Eventually.Async(async () => await _cluster.RecordAsync(1, session) is { Ended: true }, "the tombstone is there");
    }

    [Fact]
    public async Task NodesOnAHealthyRedis_DoubtNothing()
    {
        await using var reader = await ConnectionMultiplexer.ConnectAsync($"{_redis.Configuration},asyncTimeout=60000");
        var sessions = _cluster.Of<HeldSessions>(0);
        var before = sessions.Verification;
        var version = await BeatsAsync();

        await Eventually.Async(async () => await BeatsAsync() > version + 3_000, "three seconds of beats");

        Assert.Equal(before, sessions.Verification);

        // What the nodes wrote at their last beat: the time of the server. Not over the beats' own connection, whose patience is too short for a busy machine.
        async Task<long> BeatsAsync()
        {
            var redis = _cluster.Of<StickySessions.Redis.IRedisConnections>(0);
            return (long)await reader.GetDatabase().HashGetAsync(redis.Key("view:meta"), "beat");
        }
    }

    private async Task FlushAsync()
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync($"{_redis.Configuration},allowAdmin=true");
        await redis.GetDatabase().ExecuteAsync("FLUSHALL").WaitAsync(Cancellation);
    }
}
