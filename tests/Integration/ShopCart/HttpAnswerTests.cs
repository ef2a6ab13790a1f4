using System.Text;
using ShopCart.Prove;

namespace StickySessions.Tests.Integration.ShopCart;

public class HttpAnswerTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")]
    public void TryParse_WholeAnswer_IsRead(string text)
    {
        var answer = Parse(text);

        Assert.NotNull(answer);
        Assert.Equal(200, answer.Status);
        Assert.Equal("hello", answer.Body);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")]
    public void TryParse_TruncatedAnswer_IsNone(string text) => Assert.Null(Parse(text));

    [Theory]
    [InlineData("", "502")]
    [InlineData("<html>", "502")]
    [InlineData("[]", "502")]
    [InlineData("""{"title":"Bad gateway"}""", "502")]
    [InlineData("""{"reason":"owner-lost"}""", "502 owner-lost")]
    public void DescribeProblem_Answer_IsItsStatusAndItsReason(string body, string expected)
        => Assert.Equal(expected, new HttpAnswer(502, [], body).DescribeProblem());

    private static HttpAnswer? Parse(string text) => HttpAnswer.TryParse(Encoding.UTF8.GetBytes(text));
}
