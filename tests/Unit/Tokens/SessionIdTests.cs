using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Tokens;

public sealed class SessionIdTests
{
    [Fact]
    public void ToString_AndTryParse_RoundTrip()
    {
        var id = SessionId.New();

        Assert.True(SessionId.TryParse(id.ToString(), out var parsed));
        Assert.Equal(id, parsed);
        Assert.Equal(22, id.ToString().Length);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("AAAAAAAAAAAAAAAAAAAA A")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAA")]
    public void TryParse_WithAnythingElse_IsRefused(string? text) => Assert.False(SessionId.TryParse(text, out _));
}
