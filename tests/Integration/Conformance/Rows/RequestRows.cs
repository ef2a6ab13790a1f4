using StickySessions.Tests.Integration.Conformance.Clients;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Conformance.Rows;

/// <summary>Requests of all shapes, from an HTTP/1 client.</summary>
public sealed class RequestRows(ConformanceClusters clusters, GarnetServerFixture garnet) : ConformanceRows(clusters, garnet)
{
    private const string Chunked = "Transfer-Encoding: chunked";

    private static readonly Dictionary<string, RawRequest> Requests = new()
    {
        ["GET"] = new("GET /echo HTTP/1.1"),
        ["HEAD"] = new("HEAD /echo HTTP/1.1"),
        ["OPTIONS *"] = new("OPTIONS * HTTP/1.1"),
        ["TRACE"] = new("TRACE /echo HTTP/1.1"),
        ["own method"] = new("PURGE /echo HTTP/1.1"),
        ["method in lower case"] = new("get /echo HTTP/1.1"),
        ["longest target"] = new($"GET /echo/{new string('a', 7000)} HTTP/1.1"),

        ["HTTP/1.0"] = new("GET /echo HTTP/1.0"),
        ["HTTP/1.0 without Host"] = new("GET /echo HTTP/1.0") { Host = null },
        ["HTTP/1.0 kept alive"] = new("GET /echo HTTP/1.0") { Headers = ["Connection: keep-alive"] },
        ["HTTP/1.0 with body"] = new("POST /echo HTTP/1.0") { Headers = ["Content-Length: 3"], Body = "abc" },
        ["empty Host"] = new("GET /echo HTTP/1.1") { Host = "" },
        ["Host with port"] = new("GET /echo HTTP/1.1") { Host = "shop.test:8080" },
        ["Host in capitals"] = new("GET /echo HTTP/1.1") { Host = "SHOP.Test" },
        ["Host an address"] = new("GET /echo HTTP/1.1") { Host = "[::1]:80" },
        ["connection closed after it"] = new("GET /echo HTTP/1.1") { Headers = ["Connection: close"] },

        ["POST without length"] = new("POST /echo HTTP/1.1"),
        ["POST of length 0"] = new("POST /echo HTTP/1.1") { Headers = ["Content-Length: 0"] },
        ["PUT without length"] = new("PUT /echo HTTP/1.1"),
        ["PUT of length 0"] = new("PUT /echo HTTP/1.1") { Headers = ["Content-Length: 0"] },
        ["DELETE without length"] = new("DELETE /echo HTTP/1.1"),
        ["DELETE of length 0"] = new("DELETE /echo HTTP/1.1") { Headers = ["Content-Length: 0"] },
        ["GET of length 0"] = new("GET /echo HTTP/1.1") { Headers = ["Content-Length: 0"] },
        ["POST"] = new("POST /echo HTTP/1.1") { Headers = ["Content-Length: 3", "Content-Type: x/y"], Body = "abc" },
        ["GET with body"] = new("GET /echo HTTP/1.1") { Headers = ["Content-Length: 3"], Body = "abc" },
        ["DELETE with body"] = new("DELETE /echo HTTP/1.1") { Headers = ["Content-Length: 3"], Body = "abc" },
        ["chunked"] = new("POST /echo HTTP/1.1") { Headers = [Chunked], Body = "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" },
        ["chunked and empty"] = new("POST /echo HTTP/1.1") { Headers = [Chunked], Body = "0\r\n\r\n" },
        ["chunked GET"] = new("GET /echo HTTP/1.1") { Headers = [Chunked], Body = "3\r\nabc\r\n0\r\n\r\n" },
        ["chunk extensions"] = new("POST /echo HTTP/1.1") { Headers = [Chunked], Body = "3;a=b\r\nabc\r\n0\r\n\r\n" },
        ["body that nobody reads"] = new("POST /unread HTTP/1.1") { Headers = ["Content-Length: 3"], Body = "abc" },
        ["large body that nobody reads"] = new("POST /unread HTTP/1.1")
        {
            Headers = ["Content-Length: 1000000"],
            Body = new string('x', 1_000_000),
        },
        ["body above the endpoint's limit"] = new("POST /limited HTTP/1.1")
        {
            Headers = ["Content-Length: 2000"],
            Body = new string('x', 2000),
        },
        ["chunks above the endpoint's limit"] = new("POST /limited HTTP/1.1")
        {
            Headers = [Chunked],
            Body = $"7d0\r\n{new string('x', 2000)}\r\n0\r\n\r\n",
        },
        ["body above the server's limit"] = new("POST /echo HTTP/1.1") { Headers = ["Content-Length: 40000000"] },
    };

    public static MatrixTheoryData<Transport, string> Cases => new(Transports.All, Requests.Keys);

    public static TheoryData<Transport> Every => [.. Transports.All];

    [Theory, MemberData(nameof(Cases))]
    public Task Request_OfAnyShape_IsTheSame(Transport transport, string request)
        => SameAsDirectAsync(transport, route => route.SendAsync(Requests[request]));

    [Theory, MemberData(nameof(Every))]
    public Task Body_WithTrailers_IsTheSame(Transport transport)
        => SameAsDirectAsync(transport, route => route.SendAsync(new RawRequest("POST /echo HTTP/1.1")
        {
            Headers = [Chunked, "Trailer: X-Sum, X-Many"],
            Body = "3\r\nabc\r\n0\r\nX-Sum: 42\r\nX-Many: one\r\nX-Many: two\r\n\r\n",
        }));
}
