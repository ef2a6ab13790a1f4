using System.Text.RegularExpressions;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Tokens.Sources;

public sealed class TokenTransformTests
{
    [Fact]
    public void Apply_WithoutSteps_IsTheSameString()
    {
        var raw = new string('a', 5);

        Assert.Same(raw, Apply(raw, new()));
    }

    [Theory]
    [InlineData("^[0-9]+$", "123", "123")]
    [InlineData("[0-9]+", "ab123", "123")]
    [InlineData("^user=([a-z]+);", "user=jo;x", "jo")]
    [InlineData("^(?<kind>[a-z])(?<token>[0-9]+)$", "a123", "123")]
    [InlineData("^(?<kind>[a-z])([0-9]+)$", "a123", "123")]
    [InlineData("^(?<kind>[a-z])[0-9]+$", "a123", "a")]
    [InlineData("^(?:a|b)(.)", "bc", "c")]
    [InlineData("^[0-9]+$", "abc", null)]
    [InlineData("^a(b)?$", "a", null)]
    [InlineData("^(.*)b", "b", null)]
    [InlineData("^ABC$", "abc", null)]
    [InlineData("(?i)^bearer (.+)$", "BEARER abc", "abc")]
    [InlineData("^bearer (.+)$", "bearer a b", null)]
    [InlineData("", "abc", "abc")]
    public void Apply_Pattern_TakesItsGroup(string pattern, string raw, string? expected) => Assert.Equal(expected, Apply(raw, new() { Pattern = pattern }));

    [Theory]
    [InlineData("s:", "s:abc", "abc")]
    [InlineData("s:", "s:", null)]
    [InlineData("s:", "S:abc", null)]
    [InlineData("s:", "abc", null)]
    [InlineData("Bearer ", "Bearer abc", "abc")]
    public void Apply_Prefix_IsCutOff(string prefix, string raw, string? expected) => Assert.Equal(expected, Apply(raw, new() { Prefix = prefix }));

    [Theory]
    [InlineData(0, 2, "abcd", "ab")]
    [InlineData(1, 2, "abcd", "bc")]
    [InlineData(1, null, "abcd", "bcd")]
    [InlineData(3, 2, "abcd", "d")]
    [InlineData(4, null, "abcd", null)]
    [InlineData(5, 1, "abcd", null)]
    [InlineData(0, 9, "abcd", "abcd")]
    public void Apply_OffsetAndLength_TakeAPart(int offset, int? length, string raw, string? expected)
        => Assert.Equal(expected, Apply(raw, new() { Offset = offset, Length = length }));

    [Theory]
    [InlineData("aBc", "ABC")]
    [InlineData("größe", "GRÖßE")]
    [InlineData("ıi", "ıI")]
    public void Apply_IgnoreCase_IsInvariantUpperCase(string raw, string expected) => Assert.Equal(expected, Apply(raw, new() { IgnoreCase = true }));

    [Fact]
    public void Apply_IgnoreCase_HoldsInEveryStep()
        => Assert.Equal("23", Apply("xID-123", new() { Pattern = "^X(.+)$", Prefix = "id-", Offset = 1, IgnoreCase = true }));

    [Fact]
    public void Apply_AllSteps_RunInTheirOrder()
        => Assert.Equal("bc", Apply("x=s:abcd;", new() { Pattern = "^x=(.+);$", Prefix = "s:", Offset = 1, Length = 2 }));

    [Theory]
    [InlineData("a\r\nb")]
    [InlineData("a\0")]
    [InlineData("")]
    public void Apply_WhatIsNoToken_IsNull(string raw) => Assert.Null(Apply(raw, new() { Pattern = "(?s)^(.*)$" }));

    [Fact]
    public void Apply_TokenCutOutOfOtherText_IsTaken() => Assert.Equal("abc", Apply("a b\r\n[abc]", new() { Pattern = @"\[(.+)\]" }));

    [Fact]
    public void Apply_LongerThanAToken_IsNullEvenIfItsPartWereShort() => Assert.Null(Apply(new string('x', 4097), new() { Length = 1 }));

    [Fact]
    public void Apply_PatternThatWouldBacktrackForever_IsNull()
    {
        const string Pattern = "^(([a-z])+.)+[A-Z]([a-z])+$";

        Assert.Null(Apply(new string('a', TokenText.MaxLength), new() { Pattern = Pattern }));
        Assert.True(TokenTransform.Compile(Pattern, ignoreCase: false).Options.HasFlag(RegexOptions.NonBacktracking));
    }

    private static string? Apply(string raw, StickyTokenTransformOptions options) => new TokenTransform(options).Apply(raw);
}
