using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Tokens;

public sealed class RewrittenTokenTests
{
    private static readonly string Signed = new('A', TokenProtector.TextLength);

    [Theory]
    [InlineData("abc")]
    [InlineData("a~b")]
    [InlineData("~")]
    [InlineData("a~b~c~")]
    public void Append_AnyToken_ComesOffAgain(string token)
    {
        var rewritten = RewrittenToken.Append(token, Signed);

        Assert.Equal(token.Length, RewrittenToken.IndexOfSuffix(rewritten));
        Assert.Equal(token, RewrittenToken.OwnPart(rewritten));
        Assert.Equal(token.Length + RewrittenToken.SuffixLength, rewritten.Length);
    }

    [Fact]
    public void OwnPart_OfATokenThatLooksRewritten_LosesOneSuffixOnly()
    {
        var looksRewritten = RewrittenToken.Append("abc", Signed);

        Assert.Equal(looksRewritten, RewrittenToken.OwnPart(RewrittenToken.Append(looksRewritten, Signed)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("abc")]
    [InlineData("abc~short")]
    [InlineData("a~b")]
    public void OwnPart_WithoutASuffix_IsTheWhole(string token)
    {
        Assert.Equal(-1, RewrittenToken.IndexOfSuffix(token));
        Assert.Equal(token, RewrittenToken.OwnPart(token));
    }

    [Fact]
    public void IndexOfSuffix_WithWhatNoTokenHas_IsNone()
    {
        Assert.Equal(-1, RewrittenToken.IndexOfSuffix($"~{Signed}"));
        Assert.Equal(-1, RewrittenToken.IndexOfSuffix($"abc~{Signed[1..]}"));
        Assert.Equal(-1, RewrittenToken.IndexOfSuffix($"abc~{Signed}A"));
        Assert.Equal(-1, RewrittenToken.IndexOfSuffix($"abc~{Signed[1..]}="));
        Assert.Equal(-1, RewrittenToken.IndexOfSuffix($"abc={Signed}"));
    }
}
