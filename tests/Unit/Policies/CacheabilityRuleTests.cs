using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using StickySessions.Policies;

namespace StickySessions.Tests.Unit.Policies;

public sealed class CacheabilityRuleTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("public")]
    [InlineData("PUBLIC")]
    [InlineData("public, no-cache")]
    [InlineData("must-revalidate , public")]
    [InlineData("max-age=60")]
    [InlineData("max-age=\"60\"")]
    [InlineData("Max-Age=060")]
    [InlineData("max-age=99999999999999999999")]
    [InlineData("no-cache, max-age=1")]
    [InlineData("max-age=0, max-age=60")]
    [InlineData("s-maxage=60")]
    [InlineData("max-age=0, s-maxage=1")]
    [InlineData("public, private=\"Set-Cookie, X\"")]
    [InlineData("max-age=60, ext=\"private, no-store\"")]
    public void TryMakePrivate_WhenASharedCacheMayStore_RefusesAndChangesNothing(string cacheControl)
    {
        var headers = Headers(cacheControl);

        Assert.False(CacheabilityRule.TryMakePrivate(headers, Now));
        Assert.Equal(cacheControl, headers.CacheControl.ToString());
    }

    [Theory]
    [InlineData("private")]
    [InlineData("no-store")]
    [InlineData("Private, max-age=60")]
    [InlineData("no-cache, no-store, max-age=0")]
    [InlineData("public, no-store")]
    [InlineData("public, private")]
    [InlineData("private, s-maxage=60")]
    public void TryMakePrivate_WhenSharedCachesAreForbidden_AcceptsAndChangesNothing(string cacheControl)
    {
        var headers = Headers(cacheControl);

        Assert.True(CacheabilityRule.TryMakePrivate(headers, Now));
        Assert.Equal(cacheControl, headers.CacheControl.ToString());
    }

    [Theory]
    [InlineData("no-cache")]
    [InlineData("max-age=0")]
    [InlineData("max-age=00")]
    [InlineData("max-age")]
    [InlineData("max-age=")]
    [InlineData("max-age=-1")]
    [InlineData("must-revalidate")]
    [InlineData("private=\"Set-Cookie\"")]
    [InlineData("ext=\"public, max-age=60\"")]
    [InlineData(",, ,")]
    [InlineData("\"")]
    public void TryMakePrivate_WhenNothingIsSaidOfSharedCaches_AddsPrivate(string cacheControl)
    {
        var headers = Headers(cacheControl);

        Assert.True(CacheabilityRule.TryMakePrivate(headers, Now));
        Assert.Equal(new StringValues([cacheControl, "private"]), headers.CacheControl);
    }

    [Fact]
    public void TryMakePrivate_WithoutAnyHeader_AddsPrivate()
    {
        var headers = Headers(default);

        Assert.True(CacheabilityRule.TryMakePrivate(headers, Now));
        Assert.Equal("private", headers.CacheControl.ToString());
    }

    [Fact]
    public void TryMakePrivate_WithRepeatedHeaders_ReadsAll()
        => Assert.False(CacheabilityRule.TryMakePrivate(Headers(new(["no-cache", "public"])), Now));

    [Theory]
    [InlineData("Thu, 01 Jan 2026 12:00:01 GMT", null, false)]
    [InlineData("Thu, 01 Jan 2026 12:00:00 GMT", null, true)]
    [InlineData("Thu, 01 Jan 1970 00:00:00 GMT", null, true)]
    [InlineData("0", null, true)]
    [InlineData("-1", null, true)]
    [InlineData("Thu, 01 Jan 2026 13:00:00 GMT", "max-age=0", true)]
    [InlineData("Thu, 01 Jan 2026 13:00:00 GMT", "no-cache", false)]
    [InlineData("Thu, 01 Jan 2026 13:00:00 GMT", "private", true)]
    public void TryMakePrivate_WithExpires_FollowsItUnlessMaxAgeOverridesIt(string expires, string? cacheControl, bool accepted)
    {
        var headers = Headers(cacheControl);
        headers.Expires = expires;

        Assert.Equal(accepted, CacheabilityRule.TryMakePrivate(headers, Now));
        Assert.Equal(accepted, headers.CacheControl.ToString().Contains("private", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("CDN-Cache-Control", "max-age=60", false)]
    [InlineData("CDN-Cache-Control", "must-revalidate", false)]
    [InlineData("CDN-Cache-Control", "private", true)]
    [InlineData("Surrogate-Control", "max-age=60", false)]
    [InlineData("Surrogate-Control", "no-store", true)]
    public void TryMakePrivate_WithAHeaderForSharedCachesAlone_FollowsItBeforeCacheControl(string name, string value, bool accepted)
    {
        var headers = Headers("private");
        headers[name] = value;

        Assert.Equal(accepted, CacheabilityRule.TryMakePrivate(headers, Now));
        Assert.Equal("private", headers.CacheControl.ToString());
    }

    private static IHeaderDictionary Headers(StringValues cacheControl)
    {
        IHeaderDictionary headers = new HeaderDictionary();
        headers.CacheControl = cacheControl;
        return headers;
    }
}
