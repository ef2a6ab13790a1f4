using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Policies;
using StickySessions.Tests.Unit.Tokens;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Policies;

public sealed class SessionCookieWritingTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly StickyPolicyOptions _options = new();
    private readonly TokenProtector _protector = new(new FixedKeys("a secret of the cluster"));
    private readonly SessionCookie _cookie;

    public SessionCookieWritingTests() => _cookie = new SessionCookie(_protector, _time);

    [Fact]
    public void Write_WithDefaults_IsAPlainSessionCookie()
        => Assert.Equal($".StickySession=TOKEN; path=/; samesite=lax; httponly", Write(https: false));

    [Fact]
    public void Write_OverHttps_IsSecure()
        => Assert.Equal($".StickySession=TOKEN; path=/; secure; samesite=lax; httponly", Write(https: true));

    [Fact]
    public void Write_WithEverything_CarriesEverything()
    {
        _options.Cookie.Name = "__Secure-s";
        _options.Cookie.Path = "/shop";
        _options.Cookie.Domain = "example.com";
        _options.Cookie.SameSite = SameSiteMode.None;
        _options.Cookie.SecurePolicy = CookieSecurePolicy.Always;
        _options.Cookie.HttpOnly = false;
        _options.Cookie.MaxAge = TimeSpan.FromHours(1);
        _options.Cookie.Expiration = TimeSpan.FromHours(1);
        _options.Partitioned = true;

        Assert.Equal(
            "__Secure-s=TOKEN; expires=Thu, 01 Jan 2026 13:00:00 GMT; max-age=3600; domain=example.com; path=/shop; secure; samesite=none; Partitioned",
            Write(https: true));
    }

    [Fact]
    public void Write_Twice_AddsPartitionedOnce()
    {
        _options.Cookie.SecurePolicy = CookieSecurePolicy.Always;
        _options.Partitioned = true;
        Write(https: true);

        Assert.Equal(2, Write(https: true).Split("Partitioned").Length);
    }

    [Fact]
    public void Delete_WithEverything_NamesTheSameCookieAndEndsIt()
    {
        _options.Cookie.Path = "/shop";
        _options.Cookie.Domain = "example.com";
        _options.Cookie.SecurePolicy = CookieSecurePolicy.Always;
        _options.Cookie.MaxAge = TimeSpan.FromHours(1);
        _options.Partitioned = true;
        var context = new DefaultHttpContext();

        _cookie.Delete(context, Policy());

        Assert.Equal(
            ".StickySession=; expires=Thu, 01 Jan 1970 00:00:00 GMT; max-age=0; domain=example.com; path=/shop; secure; samesite=lax; httponly; Partitioned",
            context.Response.Headers.SetCookie.ToString());
    }

    [Theory]
    [InlineData(null, 10)]
    [InlineData(120, 10)]
    [InlineData(4, 2)]
    public void IsDueForRenewal_AtHalfOfTheShorterLifetime_BecomesTrue(int? cookieMinutes, int expectedMinutes)
    {
        _options.Cookie.MaxAge = cookieMinutes is { } minutes ? TimeSpan.FromMinutes(minutes) : null;
        var policy = Policy();
        var token = new StickyToken(SessionId.New(), default, 1, _time.GetUtcNow(), _time.GetUtcNow());

        _time.Advance(TimeSpan.FromMinutes(expectedMinutes) - TimeSpan.FromSeconds(1));
        Assert.False(_cookie.IsDueForRenewal(token, policy));

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_cookie.IsDueForRenewal(token, policy));
    }

    private StickyPolicy Policy() => new(StickyPolicy.DefaultName, _options);

    private string Write(bool https)
    {
        var context = new DefaultHttpContext();
        context.Request.IsHttps = https;
        var token = new StickyToken(SessionId.New(), default, 1, _time.GetUtcNow(), _time.GetUtcNow());
        _cookie.Write(context, Policy(), token);
        return context.Response.Headers.SetCookie.ToString().Replace(_protector.Protect(token, StickyPolicy.DefaultName), "TOKEN", StringComparison.Ordinal);
    }
}
