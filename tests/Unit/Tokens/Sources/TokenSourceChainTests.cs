using System.Net;
using Microsoft.AspNetCore.Http;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Tokens.Sources;

public sealed class TokenSourceChainTests
{
    [Fact]
    public void Read_SeveralSources_FindsAllInTheirOrder()
    {
        var context = Requests.WithTarget("/cart;jsessionid=path");
        context.Request.Headers.Cookie = "JSESSIONID=one; JSESSIONID=two";
        context.Request.QueryString = new("?sid=query");

        Assert.Equal(
            [new("query", 0, "query"), new("one", 2, "one"), new("two", 2, "two"), new("path", 3, "path")],
            Requests.Read(
                context,
                StickyTokenSourceOptions.Query("sid"),
                StickyTokenSourceOptions.Header("X-Session"),
                StickyTokenSourceOptions.Cookie("JSESSIONID"),
                StickyTokenSourceOptions.PathParameter("jsessionid")));
    }

    [Fact]
    public void Read_NoSource_FindsNothing() => Assert.Empty(Requests.Read(Requests.WithCookies("a=b")));

    [Fact]
    public void Read_TokenAndClientAddress_LeavesTheLastResortOut()
    {
        var context = Requests.With(context => context.Connection.RemoteIpAddress = IPAddress.Loopback);
        StickyTokenSourceOptions[] sources = [StickyTokenSourceOptions.Cookie("SID"), StickyTokenSourceOptions.ClientAddress()];

        Assert.Equal([new("127.0.0.1/32", 1, "127.0.0.1/32")], Requests.Read(context, sources));

        context.Request.Headers.Cookie = "SID=abc";
        Assert.Equal([new("abc", 0, "abc")], Requests.Read(context, sources));
    }

    [Fact]
    public void Read_TokensOfSeveralSources_FindsEight()
    {
        var context = Requests.WithCookies("SID=1; SID=2; SID=3; SID=4; SID=5; SID=6; SID=7");
        context.Request.QueryString = new("?a=8&b=9");

        Assert.Equal(
            ["1", "2", "3", "4", "5", "6", "7", "8"],
            Requests.ReadValues(context, StickyTokenSourceOptions.Cookie("SID"), StickyTokenSourceOptions.Query("a"), StickyTokenSourceOptions.Query("b")));
    }

    [Fact]
    public async Task Read_SourceThatWaits_FindsThoseBeforeAndAfterToo()
    {
        var waited = new TaskCompletionSource<string?>();
        var chain = new TokenSourceChain(
        [
            StickyTokenSourceOptions.Cookie("SID"),
            StickyTokenSourceOptions.From(async _ => await waited.Task),
            StickyTokenSourceOptions.Query("id"),
            StickyTokenSourceOptions.ClientAddress(),
        ]);
        var context = Requests.WithCookies("SID=first");
        context.Request.QueryString = new("?id=third");
        context.Connection.RemoteIpAddress = IPAddress.Loopback;

        var reading = chain.ReadAsync(context);
        Assert.False(reading.IsCompleted);
        waited.SetResult("second");

        Assert.Equal([new("first", 0, "first"), new("second", 1, "second"), new("third", 2, "third")], await reading);
    }

    [Fact]
    public async Task Read_SourceThatThrows_Throws()
    {
        var chain = new TokenSourceChain([StickyTokenSourceOptions.From(Broken)]);

        await Assert.ThrowsAsync<TimeoutException>(async () => await chain.ReadAsync(new DefaultHttpContext()));

        static ValueTask<string?> Broken(HttpContext context) => ValueTask.FromException<string?>(new TimeoutException());
    }

    [Fact]
    public async Task Read_OwnPart_IsAllThatTransformsSee()
    {
        var source = StickyTokenSourceOptions.Cookie("SID");
        source.Transform.Pattern = "^[0-9a-f]+$";
        source.Transform.IgnoreCase = true;
        var chain = new TokenSourceChain([source], raw => raw.Split('~')[0]);

        Assert.Equal([new("ABC", 0, "aBc~Tag"), new("DEF", 0, "def")], await chain.ReadAsync(Requests.WithCookies("SID=aBc~Tag; SID=def; SID=x~Tag; SID=~Tag")));
    }

    [Theory]
    [InlineData("\"abc.w1\"", "abc")]
    [InlineData("abc.w1", "abc")]
    [InlineData("abc", null)]
    [InlineData("", null)]
    public void Transform_ValueOfAResponse_IsTheTokenThatComesBack(string raw, string? expected)
    {
        var source = StickyTokenSourceOptions.Cookie("SID");
        source.Transform.Pattern = @"^(.+)\.w[0-9]$";

        Assert.Equal(expected, new TokenSourceChain([source]).Transform(0, raw));
        Assert.Equal(expected, Requests.ReadOne(Requests.WithCookies($"SID={raw}"), source));
    }

    [Fact]
    public void Transform_QuotesInAHeader_StayAsInARequest()
        => Assert.Equal("\"abc\"", new TokenSourceChain([StickyTokenSourceOptions.Header("X")]).Transform(0, "\"abc\""));
}
