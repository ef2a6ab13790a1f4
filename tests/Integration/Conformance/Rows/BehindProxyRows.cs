using StickySessions.Tests.Integration.Conformance.Application;
using StickySessions.Tests.Integration.Conformance.Clients;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Conformance.Rows;

/// <summary>An application that stands behind a proxy which ends TLS, with all the middleware that this takes.</summary>
public sealed class BehindProxyRows(ConformanceClusters clusters, GarnetServerFixture garnet) : ConformanceRows(clusters, garnet)
{
    private const string Https = "X-Forwarded-Proto: https";

    private static readonly Dictionary<string, RawRequest> Requests = new()
    {
        ["from the proxy"] = new("GET /echo HTTP/1.1") { Headers = [Https, "X-Forwarded-For: 9.9.9.9"] },
        ["with a port"] = new("GET /echo HTTP/1.1") { Headers = [Https, "X-Forwarded-For: 9.9.9.9:1234"] },
        ["IPv6"] = new("GET /echo HTTP/1.1") { Headers = [Https, "X-Forwarded-For: \"[2001:db8::1]:99\""] },
        ["with an address the client made up"] = new("GET /echo HTTP/1.1") { Headers = [Https, "X-Forwarded-For: 6.6.6.6, 9.9.9.9"] },
        ["made up, in headers of their own"] = new("GET /echo HTTP/1.1")
        {
            Headers = [Https, "X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 9.9.9.9"],
        },
        ["with originals the client made up"] = new("GET /echo HTTP/1.1")
        {
            Headers = [Https, "X-Original-For: 6.6.6.6", "X-Original-Proto: ftp", "X-Original-Host: evil.test"],
        },
        ["loopback as the client's address"] = new("GET /echo HTTP/1.1") { Headers = [Https, "X-Forwarded-For: 9.9.9.9, 127.0.0.1"] },
        ["nonsense as address"] = new("GET /echo HTTP/1.1") { Headers = [Https, "X-Forwarded-For: nonsense"] },
        ["for another host"] = new("GET /echo HTTP/1.1") { Headers = [Https, "X-Forwarded-Host: public.test:444"] },
        ["with a prefix"] = new("GET /echo HTTP/1.1") { Headers = [Https, "X-Forwarded-Prefix: /prefix"] },
        ["with a prefix and the path base"] = new("GET /base/echo HTTP/1.1") { Headers = [Https, "X-Forwarded-Prefix: /prefix"] },
        ["two protocols"] = new("GET /echo HTTP/1.1") { Headers = ["X-Forwarded-Proto: http, https"] },
        ["all at once"] = new("GET /base/echo?x HTTP/1.1")
        {
            Headers = [Https, "X-Forwarded-For: 9.9.9.9", "X-Forwarded-Host: public.test", "X-Forwarded-Prefix: /prefix", "X-Original-For: 1.1.1.1"],
        },

        ["path base"] = new("GET /base/echo/a HTTP/1.1") { Headers = [Https] },
        ["path base alone"] = new("GET /base HTTP/1.1") { Headers = [Https] },
        ["path base with slash"] = new("GET /base/ HTTP/1.1") { Headers = [Https] },
        ["path base in capitals"] = new("GET /BASE/echo HTTP/1.1") { Headers = [Https] },
        ["path base twice"] = new("GET /base/base/echo HTTP/1.1") { Headers = [Https] },
        ["path base and two slashes"] = new("GET /base//echo HTTP/1.1") { Headers = [Https] },
        ["path that begins like the path base"] = new("GET /basement HTTP/1.1") { Headers = [Https] },

        ["redirected to HTTPS"] = new("GET /base/echo?a=%20b HTTP/1.1"),
        ["POST redirected to HTTPS"] = new("POST /echo HTTP/1.1") { Headers = ["Content-Length: 3"], Body = "abc" },
        ["compressed"] = new("GET /text HTTP/1.1") { Headers = [Https, "Accept-Encoding: br, gzip"] },
        ["not signed in"] = new("GET /base/account?x=1 HTTP/1.1") { Headers = [Https] },
        ["form without its token"] = new("POST /form HTTP/1.1")
        {
            Headers = [Https, "Content-Type: application/x-www-form-urlencoded", "Content-Length: 10"],
            Body = "colour=red",
        },
    };

    public static MatrixTheoryData<Transport, string> Cases => new(Transports.All, Requests.Keys);

    public static TheoryData<Transport> Every => [.. Transports.All];

    private protected override Pipeline Pipeline => Pipeline.BehindProxy;

    [Theory, MemberData(nameof(Cases))]
    public Task Request_ThroughProxy_IsTheSame(Transport transport, string request)
        => SameAsDirectAsync(transport, route => route.SendAsync(Requests[request]));

    [Theory, MemberData(nameof(Every))]
    public async Task Answer_OverHttps_SaysSoToBrowsers(Transport transport)
    {
        var answer = await SameAsDirectAsync(transport, route => route.SendAsync(new RawRequest("GET /echo HTTP/1.1") { Headers = [Https] }));

        Assert.Equal("max-age=86400", answer["header", "STRICT-TRANSPORT-SECURITY"]);
    }

    [Theory, MemberData(nameof(Every))]
    public async Task Host_NotAllowed_IsRefused(Transport transport)
    {
        var answer = await SameAsDirectAsync(
            transport,
            route => route.SendAsync(new RawRequest("GET /echo HTTP/1.1") { Host = "evil.test", Headers = [Https] }),
            seen: false);

        Assert.Equal("400", answer["status"]);
    }

    [Theory, MemberData(nameof(Every))]
    public async Task ForwardedFor_Chain_OnlyTheProxysWordCounts(Transport transport)
        => await SameAsDirectAsync(transport, async route =>
        {
            var answer = await route.SendAsync(Requests["with an address the client made up"]);
            Assert.Equal("9.9.9.9:0", route.Recorded.Fields["remote address"]);
            return answer;
        });

    private protected override void PrepareSession(HttpRequestMessage request)
    {
        base.PrepareSession(request);
        request.Headers.Add("X-Forwarded-Proto", "https");
    }
}
