using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Policies;
using StickySessions.Tests.Unit.Tokens;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Policies;

public sealed class SessionCookieTests
{
    private const string Name = ".StickySession";

    private static readonly NodeTag Owner = new(7, 0xabcdef01);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly FixedKeys _keys = new("a secret of the cluster");
    private readonly TokenProtector _protector;
    private readonly SessionCookie _cookie;
    private readonly StickyPolicy _policy = new(StickyPolicy.DefaultName, new StickyPolicyOptions());

    public SessionCookieTests()
    {
        _protector = new TokenProtector(_keys);
        _cookie = new SessionCookie(_protector, _time);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("a=b; c=d")]
    [InlineData(".stickysession=x")]
    [InlineData(".StickySession2=x; X.StickySession=y")]
    [InlineData(".StickySession")]
    [InlineData(";;;=; =x")]
    public void Read_WithoutTheCookie_IsNone(string? header) => Assert.Equal(TokenFindingStatus.None, Read(header).Status);

    [Theory]
    [InlineData("{0}")]
    [InlineData("a=b;{0};c=d")]
    [InlineData("  a=b  ;   {0}  ")]
    [InlineData("a=\"x; {0}; \"")]
    public void Read_TheCookieAmongOthers_IsFound(string format)
    {
        var token = New();

        var result = Read(string.Format(null, format, Cookie(token)));

        Assert.Equal(token, result.Token);
        Assert.True(result.IsValid);
    }

    [Fact]
    public void Read_AQuotedValue_IsFound() => Assert.True(Read($"{Name}=\"{Text(New())}\"").IsValid);

    [Fact]
    public void Read_SeveralHeaders_AreAllRead()
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.Cookie = new(["a=b", Cookie(New())]);

        Assert.True(_cookie.Read(context, _policy).IsValid);
    }

    [Fact]
    public void Read_TwoCookies_TakesTheValidOneInEitherOrder()
    {
        var good = Cookie(New());

        Assert.True(Read($"{Name}=junk; {good}").IsValid);
        Assert.True(Read($"{good}; {Name}=junk").IsValid);
    }

    [Fact]
    public void Read_TwoTokensOfOneSession_TakesTheHigherEpochThoughItIsOlder()
    {
        var low = New();
        var high = low with { Epoch = 2, Issued = low.Issued.AddMinutes(-1) };

        Assert.Equal(high, Read($"{Cookie(low)}; {Cookie(high)}").Token);
        Assert.Equal(high, Read($"{Cookie(high)}; {Cookie(low)}").Token);
    }

    [Fact]
    public void Read_TokensOfTwoSessions_TakesTheNewestIssued()
    {
        var older = New() with { Epoch = 9 };
        var newer = New() with { Issued = older.Issued.AddMilliseconds(1) };

        Assert.Equal(newer, Read($"{Cookie(older)}; {Cookie(newer)}").Token);
        Assert.Equal(newer, Read($"{Cookie(newer)}; {Cookie(older)}").Token);
    }

    [Fact]
    public void Read_AValidTokenBehindTooManyOthers_IsNotLookedFor()
    {
        var junk = string.Concat(Enumerable.Repeat($"{Name}=junk; ", 8));

        Assert.Equal(TokenFindingStatus.UnknownVersion, Read(junk + Cookie(New())).Status);
    }

    [Fact]
    public void Read_AnOldSession_IsExpired()
    {
        var token = New();
        _time.Advance(_policy.AbsoluteTimeout - TimeSpan.FromSeconds(1));
        Assert.True(Read(Cookie(token)).IsValid);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TokenFindingStatus.Expired, Read(Cookie(token)).Status);
    }

    [Fact]
    public void Read_RejectedTokens_SayWhy()
    {
        var text = Text(New());
        var foreign = new TokenProtector(new FixedKeys("another cluster's secret")).Protect(New(), _policy.Name);

        Assert.Equal(TokenFindingStatus.Forged, Read($"{Name}={text[..^4]}AAAA").Status);
        Assert.Equal(TokenFindingStatus.Malformed, Read($"{Name}={text[..^4]}").Status);
        Assert.Equal(TokenFindingStatus.Malformed, Read($"{Name}=").Status);
        Assert.Equal(TokenFindingStatus.Oversized, Read($"{Name}={new string('A', 4000)}").Status);
        Assert.Equal(TokenFindingStatus.UnknownVersion, Read($"{Name}=AAAA").Status);
        Assert.Equal(TokenFindingStatus.UnknownKey, Read($"{Name}={foreign}").Status);
        Assert.True(Read($"{Name}={foreign}").IsRejected);
    }

    [Fact]
    public void Read_AgainOnOneConnection_AllocatesNothingAndComputesNoMac()
    {
        var context = OnConnection();
        context.Request.Headers.Cookie = Cookie(New());
        Assert.True(_cookie.Read(context, _policy).IsValid);

        // With the key spoilt every MAC is wrong from here on.
        _keys.Current.Current.Token[0] ^= 1;

        Assert.True(_cookie.Read(context, _policy).IsValid);
        Assert.Equal(0, Allocations(() => _cookie.Read(context, _policy)));
    }

    [Fact]
    public void Read_OneCookieOfANewConnection_AllocatesNothing()
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.Cookie = $"a=b; {Cookie(New())}; c=d";

        Assert.Equal(0, Allocations(() => Assert.True(_cookie.Read(context, _policy).IsValid)));
    }

    [Fact]
    public void Read_AgainAfterTheSecretWasReplaced_VerifiesAgain()
    {
        var context = OnConnection();
        context.Request.Headers.Cookie = Cookie(New());
        Assert.True(_cookie.Read(context, _policy).IsValid);

        _keys.Current = new KeyRing(FixedKeys.Key("another secret of the cluster"));

        Assert.Equal(TokenFindingStatus.UnknownKey, _cookie.Read(context, _policy).Status);
    }

    [Fact]
    public void Read_AgainAfterTheSessionExpired_IsExpired()
    {
        var context = OnConnection();
        context.Request.Headers.Cookie = Cookie(New());
        Assert.True(_cookie.Read(context, _policy).IsValid);

        _time.Advance(_policy.AbsoluteTimeout);

        Assert.Equal(TokenFindingStatus.Expired, _cookie.Read(context, _policy).Status);
    }

    [Fact]
    public void Read_AnotherHeaderOnOneConnection_IsAnotherSession()
    {
        var (one, two) = (New(), New());
        var context = OnConnection();

        foreach (var token in new[] { one, two, one })
        {
            context.Request.Headers.Cookie = Cookie(token);
            Assert.Equal(token, _cookie.Read(context, _policy).Token);
        }
    }

    [Fact]
    public void Read_ByParallelStreamsOfOneConnection_NeverMixesSessions()
    {
        var items = new ConnectionItems();
        var cookies = Enumerable.Range(0, 4).Select(_ => New()).Select(token => (token, header: Cookie(token))).ToArray();

        Parallel.For(0, 4_000, i =>
        {
            var (token, header) = cookies[i % cookies.Length];
            var context = OnConnection(items);
            context.Request.Headers.Cookie = header;
            Assert.Equal(token, _cookie.Read(context, _policy).Token);
        });
    }

    private static long Allocations(Action action)
    {
        action();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            action();
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static DefaultHttpContext OnConnection(ConnectionItems? items = null)
    {
        var context = new DefaultHttpContext();
        context.Features.Set<IConnectionItemsFeature>(items ?? new ConnectionItems());
        return context;
    }

    private StickyToken New() => new(SessionId.New(), Owner, 1, _time.GetUtcNow(), _time.GetUtcNow());

    private string Text(StickyToken token) => _protector.Protect(token, _policy.Name);

    private string Cookie(StickyToken token) => $"{Name}={Text(token)}";

    private TokenFinding Read(string? header)
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.Cookie = header;
        return _cookie.Read(context, _policy);
    }

    private sealed class ConnectionItems : IConnectionItemsFeature
    {
        public IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();
    }
}
