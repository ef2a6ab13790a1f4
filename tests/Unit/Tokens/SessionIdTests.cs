using System.Buffers.Text;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Tokens;

public sealed class SessionIdTests
{
    [Fact]
    public void ToString_IsAllOfItsBits_FitForUrlsAndLogs()
    {
        var id = SessionId.New();

        Assert.Equal(22, id.ToString().Length);
        Assert.Equal(id, SessionId.Read(Base64Url.DecodeFromChars(id.ToString())));
    }
}
