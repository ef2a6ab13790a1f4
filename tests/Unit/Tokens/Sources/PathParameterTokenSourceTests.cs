using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Tokens.Sources;

public sealed class PathParameterTokenSourceTests
{
    private static readonly StickyTokenSourceOptions Source = StickyTokenSourceOptions.PathParameter("JSESSIONID");

    [Theory]
    [InlineData("/cart;jsessionid=abc", "abc")]
    [InlineData("/;jsessionid=abc", "abc")]
    [InlineData("/cart;JSESSIONID=abc", "abc")]
    [InlineData("/cart;jsessionid=abc/items", "abc")]
    [InlineData("/cart;jsessionid=abc?jsessionid=other;jsessionid=another", "abc")]
    [InlineData("/cart;a=1;jsessionid=abc;b=2", "abc")]
    [InlineData("/cart;flag;jsessionid=abc;", "abc")]
    [InlineData("/a;jsessionid=first/b;jsessionid=last", "last")]
    [InlineData("/a;jsessionid=first;jsessionid=last", "last")]
    [InlineData("/a;jsessionid=first/b;jsessionid=", "first")]
    [InlineData("/a;jsessionid=first/b;jsessionid", "first")]
    [InlineData("/a;jsessionid=abc/b;c=d", "abc")]
    [InlineData("/cart;jsessionid=abc.node~1!x", "abc.node~1!x")]
    [InlineData("/cart;jsessionid=a=b", "a=b")]
    [InlineData("/cart;jsessionid=a,b", "a,b")]
    [InlineData("/cart;jsessionid=a%3Bb%2Fc", "a%3Bb%2Fc")]
    [InlineData("//;jsessionid=abc//", "abc")]
    [InlineData("/../;jsessionid=abc/..", "abc")]
    [InlineData("http://host.example/cart;jsessionid=abc?x=y", "abc")]
    [InlineData("https://host.example:8443/;jsessionid=abc", "abc")]
    public void Read_Parameter_IsItsValue(string target, string expected) => Assert.Equal(expected, Requests.ReadOne(Requests.WithTarget(target), Source));

    [Theory]
    [InlineData("/")]
    [InlineData("*")]
    [InlineData("host.example:443")]
    [InlineData("/cart")]
    [InlineData("/cart;")]
    [InlineData("/cart;;;/;")]
    [InlineData("/cart;=abc")]
    [InlineData("/cart;jsessionid")]
    [InlineData("/cart;jsessionid=")]
    [InlineData("/cart;jsessionid=/abc")]
    [InlineData("/cart;jsessionid;=abc")]
    [InlineData("/cart;xjsessionid=abc;jsessionidx=abc")]
    [InlineData("/cart?;jsessionid=abc")]
    [InlineData("/cart?to=/;jsessionid=abc")]
    [InlineData("/cart%3Bjsessionid=abc")]
    [InlineData("/cart;jsession%49d=abc")]
    [InlineData("/jsessionid=abc")]
    [InlineData("http://host.example")]
    [InlineData("http://;jsessionid=abc")]
    [InlineData("http://user;jsessionid=abc@host.example/")]
    [InlineData("/cart;jsessionid=a b")]
    [InlineData("/cart;jsessionid=a\u0000b")]
    public void Read_NoSuchParameterOrNoToken_FindsNothing(string target) => Assert.Null(Requests.ReadOne(Requests.WithTarget(target), Source));

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    public void Read_ServerWithoutRawTarget_ReadsThePath(string? target)
    {
        var context = Requests.WithTarget(target!);
        context.Request.Path = "/cart;jsessionid=abc/items";

        Assert.Equal("abc", Requests.ReadOne(context, Source));
    }

    [Fact]
    public void Read_TargetOfAnything_NeverThrowsNorFindsWhatIsNoToken()
    {
        var random = new Random(20_260_101);
        string[] pieces = ["/", ";", "=", "?", "#", "%", ":", "//", "://", "http", "jsessionid", "JSESSIONID=", "a", "\u0001", " ", "é", ",", "*"];
        for (var run = 0; run < 20_000; run++)
        {
            var target = string.Concat(random.GetItems(pieces, random.Next(1, 12)));

            var value = Requests.ReadOne(Requests.WithTarget(target), Source);

            Assert.True(
                value is null || (TokenText.IsToken(value) && !value.AsSpan().ContainsAny("/;?") && target.Contains($"jsessionid={value}", StringComparison.OrdinalIgnoreCase)),
                target);
        }
    }
}
