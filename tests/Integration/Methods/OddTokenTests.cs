using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Startup;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>Tokens that applications do not usually give out, and clients that send what nobody gave them.</summary>
public sealed class OddTokenTests(GarnetServerFixture garnet) : IDisposable
{
    private const string Cookie = "APPSESSION";
    private const string Header = "X-App-Session";

    private readonly RecordedLog _log = new();

    public void Dispose() => _log.Dispose();

    [Theory]
    [InlineData("a~b")]
    [InlineData("a~AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("a=b==")]
    [InlineData("a\r\nX-Evil: 1")]
    [InlineData("a;b, c\"d")]
    [InlineData("grün")]
    public async Task Rewrite_CookieThatIsEncodedOrLooksRewritten_IsBoundAndSeenAsItWas(string value)
    {
        await using var cluster = await StartAsync(StickyMethod.Rewrite);
        var given = await cluster.GetAsync(2, $"/give?value={Uri.EscapeDataString(value)}");
        var sent = Assert.Single(given.SetCookies).Split(';')[0];

        Assert.EndsWith($"~{sent[^80..]}", sent, StringComparison.Ordinal);
        for (var node = 0; node < 3; node++)
        {
            var seen = await cluster.GetAsync(node, "/see", ("Cookie", sent));
            Assert.Equal((value, given.Owner, given.Session), (seen.Body, seen.Owner, seen.Session));
        }

        // The next owner gives the cookie out anew, as it was.
        await cluster.Nodes[2].StopAsync();
        var moved = await cluster.GetAsync(0, "/see", ("Cookie", sent));
        Assert.Equal((HttpStatusCode.OK, value), (moved.Status, moved.Body));
        Assert.StartsWith(sent[..^80], Assert.Single(moved.SetCookies), StringComparison.Ordinal);
        Assert.DoesNotContain("X-Evil", moved.Headers.Keys);
        Assert.Equal(given.Session, (await cluster.GetAsync(1, "/see", ("Cookie", moved.Cookies))).Session);
    }

    [Theory]
    [InlineData("/give", Cookie)]
    [InlineData("/give-header", Header)]
    public async Task Rewrite_TokenThatWouldBecomeTooLong_StaysAsItIs_AndItsSessionIsFound(string path, string name)
    {
        await using var cluster = await StartAsync(StickyMethod.Rewrite);
        var value = new string('x', 4040);
        var given = await cluster.GetAsync(1, $"{path}?value={value}");
        var (sends, token) = name == Cookie ? ("Cookie", given.Cookies) : (name, given.Header(name));

        Assert.EndsWith(value, token, StringComparison.Ordinal);
        for (var i = 0; i < 6; i++)
        {
            var seen = await cluster.GetAsync(i % 3, "/see", (sends, token));
            Assert.Equal(("node-2", given.Session), (seen.Owner, seen.Session));
        }

        await cluster.GetAsync(1, $"{path}?value={value}");
        var warning = Assert.Single(_log.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains("with what Rewrite appends", StringComparison.Ordinal));
        Assert.Contains("4040 characters under the policy \"default\"", warning, StringComparison.Ordinal);
        Assert.DoesNotContain("xxx", warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(StickyMethod.Rewrite)]
    [InlineData(StickyMethod.Learn)]
    [InlineData(StickyMethod.Hash)]
    public async Task TokenOfMoreThan4Kilobytes_IsNone(StickyMethod method)
    {
        await using var cluster = await StartAsync(method);
        var value = new string('x', 4097);
        var given = await cluster.GetAsync(1, $"/give?value={value}");
        Assert.Equal($"{Cookie}={value}", given.Cookies);

        // Each request begins its own session where it arrives, and nothing keeps it.
        for (var node = 0; node < 3; node++)
        {
            Assert.Equal($"node-{node + 1}", (await cluster.GetAsync(node, "/see", ("Cookie", given.Cookies))).Owner);
            Assert.Equal($"node-{node + 1}", (await cluster.GetAsync(node, "/see", (Header, value))).Owner);
        }
    }

    /// <summary>Kestrel refuses such a header unless it is told how to encode it: what the application may write, this library must not break.</summary>
    [Fact]
    public async Task Rewrite_HeaderThatIsNotAscii_StaysAsItIs_AndItsSessionIsFound()
    {
        await using var cluster = await StartAsync(
            StickyMethod.Rewrite, options => options with { ConfigureKestrel = kestrel => kestrel.ResponseHeaderEncodingSelector = _ => Encoding.UTF8 });
        var given = await cluster.GetAsync(1, "/give-header?value=gr%C3%BCn");

        Assert.Equal("grün", given.Header(Header));
        for (var node = 0; node < 3; node++)
        {
            Assert.Equal(given.Session, (await cluster.GetAsync(node, "/see", (Header, "grün"))).Session);
        }
    }

    [Theory]
    [InlineData(StickyMethod.Rewrite)]
    [InlineData(StickyMethod.Learn)]
    public async Task CookieSetTwiceInOneResponse_EachIsBoundToThisNode(StickyMethod method)
    {
        await using var cluster = await StartAsync(method);
        var given = await cluster.GetAsync(1, "/give-twice");

        Assert.Equal(2, given.SetCookies.Length);
        foreach (var cookie in given.SetCookies)
        {
            for (var node = 0; node < 3; node++)
            {
                Assert.Equal("node-2", (await cluster.GetAsync(node, "/see", ("Cookie", cookie.Split(';')[0]))).Owner);
            }
        }
    }

    [Theory]
    [InlineData(StickyMethod.Rewrite)]
    [InlineData(StickyMethod.Learn)]
    public async Task CookieTakenAwayAndGivenOutInOneResponse_IsGivenOut(StickyMethod method)
    {
        await using var cluster = await StartAsync(method);
        var first = await cluster.GetAsync(1, "/give?value=one");
        var given = await cluster.GetAsync(1, "/renew", ("Cookie", first.Cookies));

        Assert.StartsWith($"{Cookie}=two", given.Cookies, StringComparison.Ordinal);
        for (var node = 0; node < 3; node++)
        {
            Assert.Equal(("two", "node-2"), await SeeAsync(cluster, node, given.Cookies));
        }
    }

    /// <summary>Cookies are the client's: many of one name, quoted ones, and what is none.</summary>
    [Theory]
    [InlineData("a=1; @; b=2")]
    [InlineData("APPSESSION=; @")]
    [InlineData("APPSESSION=~; @")]
    [InlineData("=; ;; ,x; @")]
    public async Task Rewrite_AmongOtherCookies_IsFound(string cookies)
    {
        await using var cluster = await StartAsync(StickyMethod.Rewrite);
        var given = await cluster.GetAsync(1, "/give?value=abc");
        var sent = cookies.Replace("@", given.Cookies, StringComparison.Ordinal);

        for (var node = 0; node < 3; node++)
        {
            var seen = await cluster.GetAsync(node, "/headers", ("Cookie", sent));
            Assert.Equal((given.Session, sent.Replace(given.Cookies, $"{Cookie}=abc", StringComparison.Ordinal)), (seen.Session, seen.Body));
        }
    }

    private static async Task<(string Value, string Owner)> SeeAsync(ProbedCluster cluster, int node, string cookie)
    {
        var seen = await cluster.GetAsync(node, "/see", ("Cookie", cookie));
        return (seen.Body, seen.Owner);
    }

    private Task<ProbedCluster> StartAsync(StickyMethod method, Func<StickyTestClusterOptions, StickyTestClusterOptions>? with = null)
        => ProbedCluster.StartAsync(
            garnet,
            policy =>
            {
                policy.Method = method;
                policy.Sources.Add(StickyTokenSourceOptions.Cookie(Cookie));
                policy.Sources.Add(StickyTokenSourceOptions.Header(Header));
            },
            Map,
            options =>
            {
                options = options with { ConfigureBuilder = builder => builder.Logging.AddProvider(_log) };
                return with?.Invoke(options) ?? options;
            });

    private static void Map(WebApplication app)
    {
        app.MapGet("/give", (HttpContext context, string value) => context.Response.Cookies.Append(Cookie, value));
        app.MapGet("/give-header", (HttpContext context, string value) => { context.Response.Headers[Header] = value; });
        app.MapGet("/give-twice", (HttpContext context) =>
        {
            for (var i = 1; i <= 2; i++)
            {
                context.Response.Cookies.Append(Cookie, i.ToString(CultureInfo.InvariantCulture));
            }
        });
        app.MapGet("/renew", (HttpContext context) =>
        {
            context.Response.Cookies.Delete(Cookie);
            context.Response.Cookies.Append(Cookie, "two");
        });
        app.MapGet("/see", (HttpContext context) => context.Request.Cookies[Cookie] ?? "");
        app.MapGet("/headers", (HttpContext context) => context.Request.Headers.Cookie.ToString());
    }
}
