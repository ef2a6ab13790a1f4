using StickySessions.Policies;

namespace StickySessions.Tests.Unit.Policies;

public sealed class SetCookieValueTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("a=b", "b")]
    [InlineData("a=b; path=/; HttpOnly", "b")]
    [InlineData("a=b;path=/", "b")]
    [InlineData("a= b ; path=/", "b")]
    [InlineData("a=\"b\"; path=/", "b")]
    [InlineData("a=\"", "\"")]
    [InlineData("a=b=c; path=/", "b=c")]
    [InlineData("a=b%3Bc", "b%3Bc")]
    [InlineData("a=x~y", "x~y")]
    [InlineData("a=", "")]
    [InlineData("a=\"\"; path=/", "")]
    [InlineData("a=a; a=c", "a")]
    [InlineData("a=b; max-age=nonsense; expires=never; ;;=", "b")]
    public void TryRead_HeaderOfTheCookie_GivesItsValue(string header, string value)
    {
        Assert.True(SetCookieValue.TryRead(header, "a", out var cookie));
        Assert.Equal(value, cookie.Value);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("A=b")]
    [InlineData("ab=c")]
    [InlineData("b=a=c")]
    [InlineData("; a=b")]
    [InlineData(" a=b")]
    [InlineData("a =b")]
    public void TryRead_AnyOtherHeader_IsNone(string? header) => Assert.False(SetCookieValue.TryRead(header, "a", out _));

    [Theory]
    [InlineData("a=b; path=/; HttpOnly", "a=c; path=/; HttpOnly")]
    [InlineData("a=\"b\"; path=/", "a=\"c\"; path=/")]
    [InlineData("a= b ; path=/", "a= c ; path=/")]
    [InlineData("a=b", "a=c")]
    [InlineData("a=; path=/", "a=c; path=/")]
    [InlineData("a=b; SameSite=None; Partitioned; Priority=High", "a=c; SameSite=None; Partitioned; Priority=High")]
    public void With_AnotherValue_LeavesTheRestAsItIs(string header, string expected)
    {
        Assert.True(SetCookieValue.TryRead(header, "a", out var cookie));
        Assert.Equal(expected, cookie.With("c"));
    }

    [Theory]
    [InlineData("a=b", false)]
    [InlineData("a=", true)]
    [InlineData("a=\"\"", true)]
    [InlineData("a=b; max-age=0", true)]
    [InlineData("a=b; max-age=-1", true)]
    [InlineData("a=b; max-age=1", false)]
    [InlineData("a=b; expires=Thu, 01 Jan 1970 00:00:00 GMT", true)]
    [InlineData("a=b; expires=Thu, 01 Jan 2026 11:59:59 GMT", true)]
    [InlineData("a=b; expires=Thu, 01 Jan 2026 12:00:01 GMT", false)]
    [InlineData("a=b; expires=Thu, 01 Jan 1970 00:00:00 GMT; max-age=60", false)]
    [InlineData("a=b; expires=Fri, 01 Jan 2027 00:00:00 GMT; max-age=0", true)]
    [InlineData("a=b; expires=never", false)]
    public void Deletes_WhatBrowsersForget(string header, bool deletes)
    {
        Assert.True(SetCookieValue.TryRead(header, "a", out var cookie));
        Assert.Equal(deletes, cookie.Deletes(Now));
    }
}
