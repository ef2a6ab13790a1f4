using System.Text;
using StickySessions.Tests.Integration.Conformance.Clients;
using StickySessions.Tests.Integration.Conformance.Comparing;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Conformance.Rows;

/// <summary>Requests of HTTP/2 clients.</summary>
public sealed class Http2RequestRows(ConformanceClusters clusters, GarnetServerFixture garnet) : ConformanceRows(clusters, garnet)
{
    private static readonly Dictionary<string, (HttpMethod Method, Func<HttpContent?> Body)> Bodies = new()
    {
        ["GET"] = (HttpMethod.Get, () => null),
        ["HEAD"] = (HttpMethod.Head, () => null),
        ["own method"] = (HttpMethod.Parse("PURGE"), () => null),
        ["POST without body"] = (HttpMethod.Post, () => null),
        ["POST of length 0"] = (HttpMethod.Post, () => new ByteArrayContent([])),
        ["DELETE without body"] = (HttpMethod.Delete, () => null),
        ["POST"] = (HttpMethod.Post, () => new StringContent("abc")),
        ["GET with body"] = (HttpMethod.Get, () => new StringContent("abc")),
        ["POST of unknown length"] = (HttpMethod.Post, CompletedLiveContent),
        ["above the server's limit"] = (HttpMethod.Post, () => new ByteArrayContent(new byte[31_000_000])),
    };

    private static readonly Dictionary<string, string[]> Headers = new()
    {
        ["repeated"] = ["x-many: one", "x-many: two, three"],
        ["repeated cookies"] = ["cookie: a=1; b=2", "cookie: c=3"],
        ["empty"] = ["x-empty: "],
        ["UTF-8"] = ["x-utf8: Grüße 日本 😀"],
        ["of the trailer field"] = ["te: trailers"],
        ["of proxies"] = ["x-forwarded-for: 9.9.9.9", "x-forwarded-proto: https", "forwarded: for=8.8.8.8"],
        ["of another sticky node"] = ["sticky-envelope: forged"],
    };

    public static MatrixTheoryData<Transport, string> BodyCases => new(Transports.All, Bodies.Keys);

    public static MatrixTheoryData<Transport, string> HeaderCases => new(Transports.All, Headers.Keys);

    public static MatrixTheoryData<Transport, string> TargetCases => new(
        Transports.All,
        ["/echo/a%2Fb?x=%20+&&=", "/echo//a/../b/.", "/echo/;a=b", "/echo/%zz", "/echo/a\"<>|b", "/echo/%C3%BC?q=%FF", "/ECHO", "//"]);

    [Theory, MemberData(nameof(BodyCases))]
    public Task Body_OfAnyKind_IsTheSame(Transport transport, string body)
        => SameAsDirectAsync(transport, route => route.SendHttp2Async(
            Bodies[body].Method, "/echo", request => request.Content = Bodies[body].Body()));

    [Theory, MemberData(nameof(HeaderCases))]
    public Task Headers_OfAnyKind_Arrive(Transport transport, string headers)
        => SameAsDirectAsync(transport, route => SendWithHeadersAsync(route, Headers[headers]));

    [Theory, MemberData(nameof(TargetCases))]
    public Task Target_Odd_ArrivesAsWritten(Transport transport, string target)
        => SameAsDirectAsync(transport, route => route.SendHttp2Async(HttpMethod.Get, target));

    private static async Task<Fields> SendWithHeadersAsync(Route route, string[] headers)
    {
        var handler = route.CreateHandler();
        handler.RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8;
        using var client = new HttpMessageInvoker(handler);
        using var request = route.Http2Request(HttpMethod.Get, "/echo");
        foreach (var header in headers)
        {
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            request.Headers.TryAddWithoutValidation(header[..colon], header[(colon + 2)..]);
        }

        return await client.SendAndReadAsync(request);
    }

    private static LiveContent CompletedLiveContent()
    {
        var content = new LiveContent();
        content.Write("of no declared length"u8);
        content.Complete();
        return content;
    }
}
