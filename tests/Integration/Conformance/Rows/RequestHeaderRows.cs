using System.Globalization;
using StickySessions.Tests.Integration.Conformance.Clients;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Conformance.Rows;

/// <summary>The headers of requests.</summary>
public sealed class RequestHeaderRows(ConformanceClusters clusters, GarnetServerFixture garnet) : ConformanceRows(clusters, garnet)
{
    private static readonly Dictionary<string, string[]> Headers = new()
    {
        ["empty value"] = ["X-Empty:", "X-Blank:  ", "Accept:"],
        ["repeated"] = ["X-Many: one", "X-Many: two, three", "x-many: four"],
        ["repeated and known"] = ["Accept: text/html", "Accept: text/plain;q=0.5", "Accept-Language: de", "Accept-Language: en"],
        ["repeated cookies"] = ["Cookie: a=1; b=2", "Cookie: c=3"],
        ["odd cookies"] = ["Cookie: =; ;; a; b==; c=\"x,y\"; d=%20; d=2"],
        ["spelling"] = ["x-lower: 1", "X-UPPER: 2", "x-MiXeD_underscore: 3", "ACCEPT: */*"],
        ["inner white space"] = ["X-Inner: a  b\tc"],
        ["punctuation"] = ["X-Odd: \"quoted\\\" , comma\", <a>; b='c' {d} [e] @ \\ / ? ="],
        ["odd name"] = ["!#$%&'*+-.^_`|~09aZ: 1"],
        ["UTF-8"] = [$"X-Utf8: {RawRequest.Utf8("Grüße 日本 😀")}"],
        ["Latin-1"] = ["X-Latin1: Grüße ÿ"],
        ["UTF-8 in a known one"] = [$"User-Agent: {RawRequest.Utf8("Müller/1.0")}", $"Referer: {RawRequest.Utf8("http://shop.test/ü")}"],
        ["named in Connection"] = ["Connection: X-Hop, X-Hop-Too", "X-Hop: 1", "X-Hop-Too: 2", "X-End: 3"],
        ["of one connection only"] = ["Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "TE: trailers"],
        ["of proxies"] =
            ["X-Forwarded-For: 9.9.9.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: a.test", "X-Forwarded-Prefix: /p", "Forwarded: for=8.8.8.8", "Via: 1.1 proxy", "X-Real-IP: 7.7.7.7"],
        ["originals of forwarded headers"] = ["X-Original-For: 1.2.3.4:5", "X-Original-Proto: https", "X-Original-Host: a.test"],
        ["of credentials"] = ["Authorization: Basic QTpC", "Proxy-Authorization: Basic QTpC"],
        ["of conditions and ranges"] = ["If-None-Match: \"a\", W/\"b\"", "If-Modified-Since: not a date", "Range: bytes=0-1,5-"],
        ["of content"] = ["Content-Type: text/plain; charset=\"utf-8\"", "Content-Encoding: br", "Content-Language: de", "Content-MD5: x"],
        ["of old and odd content"] = ["Content-Disposition: broken; ;;", "Expires: -1", "Last-Modified: 0", "Allow: A B", "Content-Range: ?"],
        ["of browsers"] = ["Accept-Encoding: gzip, br, zstd", "Sec-Fetch-Mode: cors", "Upgrade-Insecure-Requests: 1", "DNT: 1", "Origin: null", "Pragma: no-cache"],
        ["of traces"] = ["traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate: a=b", "baggage: c=d"],
        ["offering another protocol"] = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"],
        ["of another sticky node"] = ["Sticky-Envelope: forged", "Sticky-Anything: forged"],
        ["as large as one may be"] = [$"Cookie: big={new string('b', 16_000)}"],
        ["as large as all may be"] = [.. Numbered(4, new string('v', 7_800))],
        ["almost as many as there may be"] = [.. Numbered(95, "v")],
        ["too large"] = [.. Numbered(5, new string('v', 7_800))],
        ["too many"] = [.. Numbered(98, "v")],
    };

    private static readonly RawRequest AsManyAsThereMayBe = new("GET /echo HTTP/1.1") { Headers = [.. Numbered(97, "v")] };

    private static readonly string[] Refused = ["too large", "too many"];

    public static TheoryData<Transport> Streaming => [.. Transports.Streaming];

    public static MatrixTheoryData<Transport, string> Cases => new(Transports.All, Headers.Keys);

    [Theory, MemberData(nameof(Cases))]
    public Task RequestHeaders_OfAnyKind_Arrive(Transport transport, string headers)
        => SameAsDirectAsync(
            transport,
            route => route.SendAsync(new RawRequest("GET /echo HTTP/1.1") { Headers = Headers[headers] }),
            seen: !Refused.Contains(headers));

    [Theory, MemberData(nameof(Streaming))]
    public Task RequestHeaders_AsManyAsThereMayBe_Arrive(Transport transport)
        => SameAsDirectAsync(transport, route => route.SendAsync(AsManyAsThereMayBe));

    /// <summary>The envelope is a header, which the listener counts as well.</summary>
    [Fact]
    public async Task RequestHeaders_AsManyAsThereMayBeOverHttp11_AreTooMany()
    {
        var answer = await ForwardedAsync(Transport.Http11, route => route.SendAsync(AsManyAsThereMayBe));

        Assert.Equal("431", answer["status"]);
    }

    private static IEnumerable<string> Numbered(int count, string value)
        => Enumerable.Range(1, count).Select(number => string.Create(CultureInfo.InvariantCulture, $"X-Number-{number}: {value}"));
}
