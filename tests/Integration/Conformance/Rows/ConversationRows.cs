using System.Globalization;
using StickySessions.Tests.Integration.Conformance.Clients;
using StickySessions.Tests.Integration.Conformance.Comparing;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Conformance.Rows;

/// <summary>Exchanges in which it matters who speaks when, on one HTTP/1.1 connection.</summary>
public sealed class ConversationRows(ConformanceClusters clusters, GarnetServerFixture garnet) : ConformanceRows(clusters, garnet)
{
    private const int LongerThanKept = 100_000;

    public static TheoryData<Transport> Every => [.. Transports.All];

    public static TheoryData<Transport> Streaming => [.. Transports.Streaming];

    [Theory, MemberData(nameof(Every))]
    public async Task ExpectContinue_ApplicationReads_ClientIsToldToGoOn(Transport transport)
    {
        var answer = await SameAsDirectAsync(transport, route => SendWhenToldAsync(route, "/echo"));

        Assert.Equal("100", answer["interim answers"]);
        Assert.Equal("got 5 bytes", answer["body"]);
    }

    [Theory, MemberData(nameof(Every))]
    public async Task ExpectContinue_ApplicationRejects_ClientKeepsItsBody(Transport transport)
    {
        var answer = await SameAsDirectAsync(transport, route => SendWhenToldAsync(route, "/reject", LongerThanKept));

        Assert.Equal("", answer["interim answers"]);
        Assert.Equal("403", answer["status"]);
    }

    [Theory, MemberData(nameof(Streaming))]
    public Task ExpectContinue_ApplicationRejectsLittle_ClientKeepsItsBody(Transport transport)
        => SameAsDirectAsync(transport, route => SendWhenToldAsync(route, "/reject"));

    /// <summary>.NET's handler sends up to 1,024 bytes though they were rejected, to keep the connection.</summary>
    [Fact]
    public async Task ExpectContinue_ApplicationRejectsLittleOverHttp11_ClientIsAskedForIt()
    {
        var answer = await ForwardedAsync(Transport.Http11, route => SendWhenToldAsync(route, "/reject"));

        Assert.Equal("100", answer["interim answers"]);
        Assert.Equal("403", answer["status"]);
    }

    [Theory, MemberData(nameof(Every))]
    public Task ExpectContinue_ClientDoesNotWait_IsTheSame(Transport transport)
        => SameAsDirectAsync(transport, route => route.SendAsync(ExpectingRequest("/echo") with { Body = "hello" }));

    [Theory, MemberData(nameof(Every))]
    public Task Expectation_Unknown_IsTheSame(Transport transport)
        => SameAsDirectAsync(transport, route => route.SendAsync(new RawRequest("GET /echo HTTP/1.1") { Headers = ["Expect: wonders"] }));

    [Theory, MemberData(nameof(Every))]
    public Task Requests_Pipelined_AreAnsweredInOrder(Transport transport)
        => SameAsDirectAsync(transport, async route =>
        {
            RawRequest[] requests =
            [
                new("GET /echo/1?a HTTP/1.1"),
                new("POST /echo/2 HTTP/1.1") { Headers = ["Content-Length: 3"], Body = "abc" },
                new("GET /status/404 HTTP/1.1"),
            ];
            await using var connection = await route.ConnectAsync();
            await connection.WriteAsync([.. requests.SelectMany(request => request.HeadBytes(route).Concat(request.BodyBytes()))]);
            var answers = new Fields();
            for (var number = 1; number <= requests.Length; number++)
            {
                await connection.ReadAnswerAsync(answers, number: number);
            }

            return answers;
        });

    /// <summary>What is left of a body that nobody read must not be taken for the next request.</summary>
    [Theory, MemberData(nameof(Every))]
    public Task Request_AfterUnreadBody_IsTheSame(Transport transport)
        => SameAsDirectAsync(transport, async route =>
        {
            await using var connection = await route.ConnectAsync();
            var unread = new RawRequest("POST /unread HTTP/1.1") { Headers = ["Content-Length: 20000"], Body = new string('x', 20_000) };
            await connection.WriteAsync([.. unread.HeadBytes(route), .. unread.BodyBytes()]);
            var answers = new Fields();
            await connection.ReadAnswerAsync(answers);
            await connection.WriteAsync(new RawRequest("GET /echo HTTP/1.1").HeadBytes(route));
            await connection.ReadAnswerAsync(answers, number: 2);
            return answers;
        });

    private static RawRequest ExpectingRequest(string path, int length = 5)
        => new($"POST {path} HTTP/1.1") { Headers = [string.Create(CultureInfo.InvariantCulture, $"Content-Length: {length}"), "Expect: 100-continue"] };

    private static async Task<Fields> SendWhenToldAsync(Route route, string path, int length = 5)
    {
        await using var connection = await route.ConnectAsync();
        await connection.WriteAsync(ExpectingRequest(path, length).HeadBytes(route));
        var answer = new Fields();
        var head = await connection.ReadHeadAsync();
        answer.Set("interim answers", head.IsInterim ? head.Status : "");
        if (head.IsInterim)
        {
            await connection.WriteAsync(new byte[length]);
            head = await connection.ReadHeadAsync();
        }

        head.AddTo(answer, number: 1);
        await connection.ReadBodyAsync(head, answer);
        return answer;
    }
}
