using StickySessions.Tests.Integration.Conformance.Clients;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Conformance.Rows;

/// <summary>Answers of all shapes, to clients of each version of HTTP.</summary>
public sealed class AnswerRows(ConformanceClusters clusters, GarnetServerFixture garnet) : ConformanceRows(clusters, garnet)
{
    private static readonly string[] Requests =
    [
        "GET /headers", "HEAD /headers", "GET /latin1", "GET /many-headers", "GET /reason",
        "GET /status/200", "POST /status/201", "GET /status/204", "DELETE /status/204", "GET /status/205", "GET /status/299",
        "GET /status/301", "GET /status/304", "GET /status/400", "GET /status/404", "GET /status/413", "GET /status/416",
        "GET /status/421", "GET /status/451", "GET /status/500", "GET /status/502", "GET /status/503", "GET /status/504",
        "GET /status/599", "GET /status/999", "GET /throws", "GET /no-such-endpoint", "GET /not-modified", "GET /upgrade-required",
        "GET /fixed/0", "GET /fixed/100", "HEAD /fixed/0", "HEAD /fixed/100", "HEAD /echo", "HEAD /status/404", "POST /fixed/100",
    ];

    public static MatrixTheoryData<Transport, string> Cases => new(Transports.All, Requests);

    public static TheoryData<Transport> Every => [.. Transports.All];

    [Theory, MemberData(nameof(Cases))]
    public Task Answer_ToHttp11Client_IsTheSame(Transport transport, string request)
        => SameAsDirectAsync(transport, route => route.SendAsync(new RawRequest($"{request} HTTP/1.1") { Headers = ["Content-Length: 0"] }));

    [Theory, MemberData(nameof(Cases))]
    public Task Answer_ToHttp10Client_IsTheSame(Transport transport, string request)
        => SameAsDirectAsync(transport, route => route.SendAsync(new RawRequest($"{request} HTTP/1.0") { Headers = ["Content-Length: 0"] }));

    [Theory, MemberData(nameof(Cases))]
    public Task Answer_ToHttp2Client_IsTheSame(Transport transport, string request)
    {
        var (method, target) = (request.Split(' ')[0], request.Split(' ')[1]);
        return SameAsDirectAsync(transport, route => route.SendHttp2Async(HttpMethod.Parse(method), target));
    }

    /// <summary>RFC 9110, 15.5.22: a 426 must say which protocol is wanted; it is of no use without.</summary>
    [Theory, MemberData(nameof(Every))]
    public async Task UpgradeRequired_ToHttp11Client_NamesTheProtocol(Transport transport)
    {
        var answer = await SameAsDirectAsync(transport, route => route.SendAsync(new RawRequest("GET /upgrade-required HTTP/1.1")));

        Assert.Equal("426", answer["status"]);
        Assert.Equal("chat/2", answer["header", "UPGRADE"]);
    }
}
