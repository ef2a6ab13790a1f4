using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Startup;

/// <summary>The cookie as a client sees it: its attributes, when it is renewed, when it is worth nothing any more.</summary>
public sealed class CookieTests
{
    private const int OverHttp = 0;
    private const int OverHttps = 1;

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));

    /// <summary>The columns: what is configured, the listener, and the attributes that must come, in no order.</summary>
    [Theory]
    [InlineData("", OverHttp, ".StickySession; path=/; samesite=lax; httponly")]
    [InlineData("", OverHttps, ".StickySession; path=/; secure; samesite=lax; httponly")]
    [InlineData(
        "Cookie:Name=__Host-shop Cookie:SecurePolicy=Always Cookie:SameSite=None Partitioned=true",
        OverHttps,
        "__Host-shop; path=/; secure; samesite=none; httponly; Partitioned")]
    [InlineData("Cookie:SecurePolicy=Always", OverHttp, ".StickySession; path=/; secure; samesite=lax; httponly")]
    [InlineData("Cookie:SecurePolicy=None", OverHttps, ".StickySession; path=/; samesite=lax; httponly")]
    [InlineData(
        "Cookie:Domain=shop.test Cookie:Path=/session Cookie:SameSite=Strict Cookie:MaxAge=00:10:00",
        OverHttp,
        ".StickySession; domain=shop.test; path=/session; max-age=600; samesite=strict; httponly")]
    public async Task Cookie_Configured_HasItsAttributes(string settings, int listener, string expected)
    {
        await using var app = await StartAsync(settings, https: true);

        var begun = await app.GetAsync("/session", listener: listener);

        var attributes = begun.SetCookie!.Split("; ");
        attributes[0] = attributes[0].Split('=')[0];
        Assert.Equal(expected.Split("; ").Order(), attributes.Order());
        Assert.Equal(begun.Body, (await app.GetAsync("/session", begun.Cookie, listener)).Body);
    }

    [Fact]
    public async Task MaxAge_OfABusySession_SlidesFromHalfOfItOn()
    {
        await using var app = await StartAsync("Cookie:MaxAge=00:10:00");
        var begun = await app.GetAsync("/session");

        _time.Advance(TimeSpan.FromMinutes(4.9));
        var early = await app.GetAsync("/session", begun.Cookie);
        _time.Advance(TimeSpan.FromMinutes(0.1));
        var renewed = await app.GetAsync("/session", begun.Cookie);
        _time.Advance(TimeSpan.FromMinutes(4.9));
        var afterwards = await app.GetAsync("/session", renewed.Cookie);

        Assert.Null(early.SetCookie);
        Assert.Contains("max-age=600", renewed.SetCookie, StringComparison.Ordinal);
        Assert.NotEqual(begun.Cookie, renewed.Cookie);
        Assert.Null(afterwards.SetCookie);
        Assert.All([early, renewed, afterwards], answer => Assert.Equal(begun.Body, answer.Body));
    }

    [Fact]
    public async Task IdleTimeout_EndsTheSessionOnTheServer_AndEveryRequestProlongsIt()
    {
        await using var app = await StartAsync("IdleTimeout=00:20:00");
        var begun = await app.GetAsync("/session");

        // The same old token all along: what counts is at the server.
        for (var request = 0; request < 3; request++)
        {
            _time.Advance(TimeSpan.FromMinutes(19.9));
            Assert.Equal(begun.Body, (await app.GetAsync("/session", begun.Cookie)).Body);
        }

        _time.Advance(TimeSpan.FromMinutes(20));
        var after = await app.GetAsync("/session", begun.Cookie);

        Assert.NotEqual(begun.Body, after.Body);
        Assert.Equal(after.Body, (await app.GetAsync("/session", after.Cookie)).Body);
    }

    [Fact]
    public async Task AbsoluteTimeout_EndsTheSessionHoweverBusy()
    {
        await using var app = await StartAsync("IdleTimeout=00:20:00 AbsoluteTimeout=01:00:00");
        var begun = await app.GetAsync("/session");
        var cookie = begun.Cookie;

        for (var minute = 15; minute < 60; minute += 15)
        {
            _time.Advance(TimeSpan.FromMinutes(15));
            var busy = await app.GetAsync("/session", cookie);
            Assert.Equal(begun.Body, busy.Body);
            cookie = busy.SetCookie is null ? cookie : busy.Cookie;
        }

        _time.Advance(TimeSpan.FromMinutes(15));
        var after = await app.GetAsync("/session", cookie);

        Assert.NotEqual(begun.Body, after.Body);
        Assert.Equal(after.Body, (await app.GetAsync("/session", after.Cookie)).Body);
    }

    [Fact]
    public async Task Secret_Rotated_KeepsTheSession()
    {
        const string Old = "the old secret of at least 32 characters";
        const string New = "the new secret of at least 32 characters";
        await using var app = await StartAsync("IdleTimeout=00:20:00", secret: Old);
        var begun = await app.GetAsync("/session");

        Configure(app, ("Secret", New), ("AcceptedSecrets:0", Old));
        var accepted = await app.GetAsync("/session", begun.Cookie);
        _time.Advance(TimeSpan.FromMinutes(10));
        var renewed = await app.GetAsync("/session", begun.Cookie);
        Configure(app, ("AcceptedSecrets:0", New));

        Assert.Equal(begun.Body, accepted.Body);
        Assert.Equal(begun.Body, renewed.Body);
        Assert.Equal(begun.Body, (await app.GetAsync("/session", renewed.Cookie)).Body);
        Assert.NotEqual(begun.Body, (await app.GetAsync("/session", begun.Cookie)).Body);
    }

    [Theory]
    [InlineData("public, max-age=60")]
    [InlineData("s-maxage=60")]
    public async Task Response_ForSharedCaches_StaysAsItIsAndGetsNoToken(string caching)
    {
        await using var app = await StartAsync("", map: endpoints => endpoints.MapGet("/shared", (HttpContext context) =>
        {
            context.Response.Headers.CacheControl = caching;
            return "for all";
        }));

        var shared = await app.GetAsync("/shared");
        var begun = await app.GetAsync("/session");
        _time.Advance(TimeSpan.FromMinutes(15));
        var sharedOfTheSession = await app.GetAsync("/shared", begun.Cookie);
        var renewed = await app.GetAsync("/session", begun.Cookie);

        Assert.Equal((null, caching), (shared.SetCookie, shared.CacheControl));
        Assert.Equal("private", begun.CacheControl);
        Assert.Equal((null, caching), (sharedOfTheSession.SetCookie, sharedOfTheSession.CacheControl));
        // Its renewal was due, and comes with the next response that can carry it.
        Assert.NotNull(renewed.SetCookie);
        Assert.Equal(begun.Body, renewed.Body);
    }

    private static void Configure(TestApp app, params (string Key, string Value)[] settings)
    {
        var configuration = app.App.Configuration;
        foreach (var (key, value) in settings)
        {
            configuration[$"StickySessions:Keys:{key}"] = value;
        }

        ((IConfigurationRoot)configuration).Reload();
    }

    private Task<TestApp> StartAsync(string policy, bool https = false, string? secret = null, Action<WebApplication>? map = null)
    {
        var sticky = policy.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(setting => setting.Split('=', 2))
            .ToDictionary(setting => $"Policy:{setting[0]}", string? (setting) => setting[1]);
        sticky["Keys:Secret"] = secret;
        return TestApp.StartAsync(new TestAppSetup
        {
            Sticky = sticky,
            BeforeAdd = builder =>
            {
                builder.Services.AddSingleton<TimeProvider>(_time);
                builder.WebHost.ConfigureKestrel(kestrel =>
                {
                    kestrel.Listen(IPAddress.Loopback, 0);
                    if (https)
                    {
                        kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(TestCertificate.Create("shop.test")));
                    }
                });
            },
            Map = map ?? (_ => { }),
        });
    }
}
