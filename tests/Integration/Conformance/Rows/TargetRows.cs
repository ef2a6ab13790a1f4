using StickySessions.Tests.Integration.Conformance.Clients;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Conformance.Rows;

/// <summary>The request's target arrives as the client wrote it.</summary>
public sealed class TargetRows(ConformanceClusters clusters, GarnetServerFixture garnet) : ConformanceRows(clusters, garnet)
{
    private static readonly string[] Targets =
    [
        "/", "//", "///a", "//echo/a", "/echo//a//", "/echo/", "/echo",
        "/echo/a%2Fb", "/echo/a%2fb", "/echo/a%5Cb", @"/echo/a\b",
        "/echo/./a", "/echo/../echo/a", "/echo/a/..", "/echo/%2e%2e/a", "/echo/%2E/a", "/../echo", "/echo/...",
        "/echo/;jsessionid=1", "/echo/a;b=c/d;e", "/;/echo",
        "/echo/a%20b", "/echo/a+b", "/echo/%25", "/echo/%2525", "/echo/%41", "/echo/%7E~", "/echo/a:b@c!$&'()*,=",
        "/echo/%C3%BC", "/echo/%c3%bc", "/echo/%E6%97%A5", "/echo/%FF", "/echo/%C3", "/echo/100%", "/echo/%zz", "/echo/%2",
        "/echo/<>\"{}|^`", "/echo/[a]", "/echo/a#b", "/echo/a%23b", "/echo/a%3Fb", "/echo/%0A%0D", "/echo/%01",
        "/echo?", "/echo?a", "/echo??a?b", "/echo?a=%20b+c&&=&x[]=1", "/echo?a=1&a=2&A=3", "/echo?q=%zz%", "/echo?q=a/../b//c",
        "/echo?u=http://other.test/?x=1", "/echo?q=<>\"{}|^`\\", "/echo?q=%C3%BC", "/echo?q=a;b", "/echo?q=a#b", "/echo?q='",
        "/ECHO/MiXeD", "http://shop.test/echo/a%2Fb?c=d", "http://shop.test", "http://shop.test:80/echo",
    ];

    public static MatrixTheoryData<Transport, string> Cases => new(Transports.All, Targets);

    [Theory, MemberData(nameof(Cases))]
    public Task Target_Odd_ArrivesAsWritten(Transport transport, string target)
        => SameAsDirectAsync(transport, route => route.SendAsync(new RawRequest($"GET {target} HTTP/1.1")));
}
