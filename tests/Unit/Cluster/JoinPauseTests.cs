using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;
using StickySessions.Cluster;
using StickySessions.Redis;

namespace StickySessions.Tests.Unit.Cluster;

public sealed class JoinPauseTests
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Pause_BeforeTheFirstFailure_IsNone() => Assert.True(new JoinPause(First, Longest, _time).IsOver);

    [Fact]
    public void Pause_GrowsToTheLongestAndNoFurther()
    {
        var pause = new JoinPause(First, Longest, _time);

        foreach (var span in new[] { First, 2 * First, Longest, Longest })
        {
            pause.Begin();
            _time.Advance((span / 2) - TimeSpan.FromTicks(1));
            Assert.False(pause.IsOver);
            _time.Advance((span / 2) + TimeSpan.FromTicks(1));
            Assert.True(pause.IsOver);
        }
    }

    [Fact]
    public void Pause_AfterASuccess_BeginsSmallAgain()
    {
        var pause = new JoinPause(First, Longest, _time);
        pause.Begin();
        pause.Begin();

        pause.End();

        Assert.True(pause.IsOver);
        pause.Begin();
        _time.Advance(First);
        Assert.True(pause.IsOver);
    }

    [Fact]
    public void Pauses_OfManyNodes_EndAtMomentsOfTheirOwn()
    {
        var pauses = Enumerable.Range(0, 200).Select(_ => new JoinPause(First, Longest, _time)).ToArray();
        foreach (var pause in pauses)
        {
            pause.Begin();
        }

        _time.Advance(0.75 * First);

        Assert.InRange(pauses.Count(pause => pause.IsOver), 50, 150);
    }

    [Theory]
    [InlineData(true, 7, 13)] // pauses of 1 to 2 s, 2 to 4 s, then 2.5 to 5 s
    [InlineData(false, 30, 30)] // nothing has reached Redis: each beat tries
    public async Task Beats_OfANodeThatIsNotLetIn_TryWithPausesIfRedisIsTooSlow(bool isSlow, int atLeast, int atMost)
    {
        var redis = new FailingRedis(isSlow);
        var options = new StickyRedisOptions { BeatInterval = TimeSpan.FromSeconds(1), Lease = Longest };
        using var lease = new NodeLease(options.Lease, _time);
        var beater = new RedisBeater(
            new RedisBeat(redis, options), new NameCheck(new RedisSuspicion(redis, options), peers: null!, options, _time), keys: null, lease,
            new RedisLoads(redis, new NodeLoads()), options, _time, NullLogger.Instance);
        beater.Announce(new Node { Tag = default, Name = "web-1", Address = new Uri("http://web-1.test/") });

        for (var beat = 0; beat < 30; beat++)
        {
            await beater.BeatAsync();
            Assert.True(beater.IsRedisAway);
            _time.Advance(options.BeatInterval);
        }

        Assert.InRange(redis.Tries, atLeast, atMost);
    }

    private sealed class FailingRedis(bool isSlow) : IRedisConnections
    {
        public int Tries { get; private set; }

        public IConnectionMultiplexer Beats
        {
            get
            {
                Tries++;
                throw isSlow
                    ? new TimeoutException()
                    : new RedisConnectionException(ConnectionFailureType.UnableToConnect, CommandFlags.None, "nobody listens");
            }
        }

        public IConnectionMultiplexer Records => throw new NotSupportedException();

        public Task ConnectAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public RedisKey Key(string suffix) => suffix;

        public RedisKey SessionKey(string session) => session;
    }
}
