using Microsoft.AspNetCore.Http;
using StickySessions.Policies;

namespace StickySessions.Tests.Unit.Policies;

public sealed class RedirectQueryTests
{
    [Theory]
    [InlineData("/", "/?sticky=T")]
    [InlineData("/a", "/a?sticky=T")]
    [InlineData("a/b", "a/b?sticky=T")]
    [InlineData("../a", "../a?sticky=T")]
    [InlineData("?x=1", "?x=1&sticky=T")]
    [InlineData("/a?x=1", "/a?x=1&sticky=T")]
    [InlineData("/a?x=1#part", "/a?x=1&sticky=T#part")]
    [InlineData("/a#part?x", "/a?sticky=T#part?x")]
    [InlineData("/a:b", "/a:b?sticky=T")]
    [InlineData("/a?next=https://other.test/", "/a?next=https://other.test/&sticky=T")]
    [InlineData("https://shop.test/a", "https://shop.test/a?sticky=T")]
    [InlineData("https://shop.test:443/a", "https://shop.test:443/a?sticky=T")]
    [InlineData("HTTPS://SHOP.test/a", "HTTPS://SHOP.test/a?sticky=T")]
    [InlineData("/a?sticky=OLD", "/a?sticky=T")]
    [InlineData("/a?x=1&STICKY=OLD&y=2&sticky#part", "/a?x=1&y=2&sticky=T#part")]
    public void TryInsert_AddressOfThisApplication_GetsTheToken(string location, string expected)
    {
        var context = Redirect(location);

        Assert.True(RedirectQuery.TryInsert(context, "sticky", "T"));
        Assert.Equal(expected, context.Response.Headers.Location.ToString());
    }

    /// <summary>An application may send clients wherever a request says. The token must not go along.</summary>
    [Theory]
    [InlineData("//evil.test/")]
    [InlineData("https://evil.test/")]
    [InlineData("https://shop.test.evil.test/")]
    [InlineData("https://shop.test@evil.test/")]
    [InlineData("https://shop.test:8443/")]
    [InlineData("http://shop.test/")]
    [InlineData("app://shop.test/")]
    [InlineData("javascript:alert(1)")]
    [InlineData("data:text/html,x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("https:evil.test")]
    [InlineData("https:/evil.test")]
    [InlineData("https:///evil.test")]
    [InlineData("/\\evil.test/")]
    [InlineData("\\\\evil.test/")]
    [InlineData("\\/evil.test/")]
    [InlineData("https:\\\\evil.test")]
    [InlineData("https://evil.test\\@shop.test/")]
    [InlineData("/\t/evil.test/")]
    [InlineData(" //evil.test/")]
    [InlineData("\u00a0//evil.test/")]
    [InlineData("")]
    public void TryInsert_AddressThatMayBeElsewhere_GetsNothing(string location)
    {
        var context = Redirect(location);

        Assert.False(RedirectQuery.TryInsert(context, "sticky", "T"));
        Assert.Equal(location, context.Response.Headers.Location.ToString());
    }

    [Theory]
    [InlineData(200)]
    [InlineData(201)]
    [InlineData(404)]
    public void TryInsert_WhereNothingIsRedirected_GetsNothing(int status)
    {
        var context = Redirect("/a");
        context.Response.StatusCode = status;

        Assert.False(RedirectQuery.TryInsert(context, "sticky", "T"));
    }

    [Fact]
    public void Address_HasTheQueryOfTheRequestAndOneToken()
    {
        var request = Redirect("").Request;
        request.PathBase = "/base";
        request.QueryString = new QueryString("?room=a%20b&sticky=OLD");

        Assert.Equal("https://shop.test/base/chat?room=a%20b&sticky=T", RedirectQuery.Address(request, "/chat", "sticky", "T"));
    }

    private static DefaultHttpContext Redirect(string location)
    {
        var context = new DefaultHttpContext();
        context.Request.Scheme = "https";
        context.Request.Host = new HostString("shop.test");
        context.Response.StatusCode = StatusCodes.Status302Found;
        context.Response.Headers.Location = location;
        return context;
    }
}
