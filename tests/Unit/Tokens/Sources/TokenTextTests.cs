using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Tokens.Sources;

public sealed class TokenTextTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("!\"#$%&'()*+,-./0:;<=>?@A[\\]^_`a{|}~")]
    [InlineData("größe")]
    [InlineData("セッション")]
    public void IsToken_VisibleCharacters_IsTrue(string text) => Assert.True(TokenText.IsToken(text));

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("a b")]
    [InlineData("a ")]
    [InlineData("a\tb")]
    [InlineData("a\r\nSet-Cookie: x=y")]
    [InlineData("a\nb")]
    [InlineData("a\0b")]
    [InlineData("a\u007Fb")]
    [InlineData("a\u0085b")]
    [InlineData("a\u00A0b")]
    [InlineData("a\u200Bb")]
    [InlineData("a\u2028b")]
    [InlineData("a\u202Eb")]
    [InlineData("a\uFEFFb")]
    [InlineData("a\uD83Db")]
    [InlineData("a\uD83D\uDE00b")]
    [InlineData("é\r")]
    public void IsToken_AnythingElse_IsFalse(string text) => Assert.False(TokenText.IsToken(text));

    [Fact]
    public void IsToken_EveryCharacterThatEndsALine_IsFalse()
        => Assert.DoesNotContain(
            Enumerable.Range(0, 0x10000).Select(code => (char)code).Where(c => char.IsControl(c) || char.IsWhiteSpace(c)),
            c => TokenText.IsToken($"a{c}b"));

    [Theory]
    [InlineData(TokenText.MaxLength, true)]
    [InlineData(TokenText.MaxLength + 1, false)]
    public void IsToken_Length_IsBounded(int length, bool expected) => Assert.Equal(expected, TokenText.IsToken(new string('x', length)));
}
