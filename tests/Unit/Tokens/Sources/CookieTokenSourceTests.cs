using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Tokens.Sources;

public sealed class CookieTokenSourceTests
{
    private static readonly StickyTokenSourceOptions Source = StickyTokenSourceOptions.Cookie("SID");

    [Theory]
    [InlineData("SID=abc", "abc")]
    [InlineData("a=1; SID=abc; b=2", "abc")]
    [InlineData("a=1;SID=abc;b=2", "abc")]
    [InlineData(" ;; SID = abc ; ", "abc")]
    [InlineData("SID=\"abc\"", "abc")]
    [InlineData("SID=\"abc", "\"abc")]
    [InlineData("SID=\"\"abc\"\"", "\"abc\"")]
    [InlineData("SID=a=b==", "a=b==")]
    [InlineData("SID=a,b", "a,b")]
    [InlineData("SID=a%3Bb%20c", "a%3Bb%20c")]
    [InlineData("SID=größe", "größe")]
    [InlineData("junk; SID=abc", "abc")]
    [InlineData("=x; SID=abc", "abc")]
    public void Read_Cookie_IsItsValue(string header, string expected) => Assert.Equal([expected], Requests.ReadValues(Requests.WithCookies(header), Source));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("SID")]
    [InlineData("SID=")]
    [InlineData("SID=\"\"")]
    [InlineData("SID=a b")]
    [InlineData("SID=a\u0001b")]
    [InlineData("SID=a\r\nSet-Cookie: x=y")]
    [InlineData("sid=abc")]
    [InlineData("SID2=abc; XSID=abc")]
    [InlineData("a=SID=abc")]
    [InlineData("$Path=\"/\"")]
    public void Read_NoSuchCookieOrNoToken_FindsNothing(string? header) => Assert.Empty(Requests.Read(Requests.WithCookies(header), Source));

    [Theory]
    [InlineData("SID=a; SID=b")]
    [InlineData("SID=a; x=y; SID=; SID=b")]
    [InlineData("SID=a; SID=no token; SID=b")]
    public void Read_CookieSentTwice_FindsBothInTheirOrder(string header) => Assert.Equal(["a", "b"], Requests.ReadValues(Requests.WithCookies(header), Source));

    [Fact]
    public void Read_SeveralHeaders_FindsAll() => Assert.Equal(["a", "b"], Requests.ReadValues(Requests.WithCookies("SID=a", null, "x=y; SID=b"), Source));

    [Fact]
    public async Task Read_ManyCookies_TakesEightOutOfTheHeader()
    {
        var context = Requests.WithCookies(string.Join("; ", Enumerable.Range(0, 5000).Select(number => $"SID=v{number}")));

        Assert.Equal(["v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7"], (await new CookieTokenSource("SID").ReadAsync(context)).ToArray());
    }

    [Theory]
    [InlineData(4096, 1)]
    [InlineData(4097, 0)]
    public void Read_Length_IsBounded(int length, int tokens)
        => Assert.Equal(tokens, Requests.Read(Requests.WithCookies("SID=" + new string('x', length)), Source).Length);
}
