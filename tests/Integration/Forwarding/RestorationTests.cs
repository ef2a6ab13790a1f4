using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection;

namespace StickySessions.Tests.Integration.Forwarding;

/// <summary>The owner's application sees what a direct request would have shown it.</summary>
public sealed class RestorationTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task UseForwardedHeaders_ActsOnceAndClientCannotChooseItsAddress(bool overInterconnect)
    {
        await using var owner = await StartAsync("b", overInterconnect);
        await using var ingress = await StartAsync("a", true);
        ingress.Peers["b"] = owner.AsPeer(overInterconnect);

        var direct = await SeeAsync(ingress, to: null);
        var forwarded = await SeeAsync(ingress, to: "b");

        Assert.Equal("9.9.9.9", direct["remote"]);
        Assert.Equal("https", direct["scheme"]);
        Assert.Equal("/base", direct["pathBase"]);
        Assert.Equal("6.6.6.6", direct["forwardedFor"]);
        Assert.Equal("b", forwarded.GetValueOrDefault("ingress") is "a" ? "b" : "not forwarded");
        direct.Remove("ingress");
        forwarded.Remove("ingress");
        Assert.Equal(direct, forwarded);

        static Task<TestNode> StartAsync(string name, bool interconnect) => TestNode.StartAsync(
            name,
            ForwardingTests.Facts,
            builder =>
            {
                EchoNodes.WithoutInterconnect(!interconnect)(builder);
                builder.Services.Configure<ForwardedHeadersOptions>(options =>
                {
                    options.ForwardedHeaders = ForwardedHeaders.All;
                    // As behind a balancer whose address is not known: every sender is believed, one hop of it.
                    options.KnownProxies.Clear();
                    options.KnownIPNetworks.Clear();
                });
            },
            app =>
            {
                app.UseForwardedHeaders();
                app.UseRouting();
            });

        static async Task<Dictionary<string, string?>> SeeAsync(TestNode ingress, string? to)
        {
            using var client = ingress.Client();
            using var request = new HttpRequestMessage(HttpMethod.Get, "/facts/x");
            request.Headers.Add("X-Forwarded-For", "6.6.6.6, 9.9.9.9");
            request.Headers.Add("X-Forwarded-Proto", "https");
            request.Headers.Add("X-Forwarded-Host", "shop.example");
            request.Headers.Add("X-Forwarded-Prefix", "/base");
            if (to is not null)
            {
                request.Headers.Add("To", to);
            }

            using var response = await client.SendAsync(request, Cancellation);
            return (await response.Content.ReadFromJsonAsync<Dictionary<string, string?>>(Cancellation))!;
        }
    }

    [Theory]
    [InlineData("GET /facts/a%2Fb/../c;d//e?x=%2f&y[]=1#f HTTP/1.1\r\nHost: h\r\n")]
    [InlineData("GET http://other.example/facts/a%20b?q HTTP/1.1\r\nHost: other.example\r\n")]
    [InlineData("GET /facts/x HTTP/1.0\r\n")]
    [InlineData("GET /facts/x HTTP/1.0\r\nHost: h\r\n")]
    [InlineData("GET /facts/%C3%A9 HTTP/1.1\r\nHost:\r\n")]
    [InlineData("get /facts/x HTTP/1.1\r\nHost: h\r\n")]
    [InlineData("POST /facts/x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n")]
    [InlineData("GET //facts//x HTTP/1.1\r\nHost: h\r\nContent-Type: a/b\r\n")]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: h\r\n")]
    public async Task OddRequests_ForwardedAndDirect_LookTheSame(string head)
    {
        await using var owner = await TestNode.StartAsync("b", Everything);
        await using var ingress = await TestNode.StartAsync("a", Everything);
        ingress.Peers["b"] = owner.AsPeer();

        var direct = await RawAsync(ingress, head + "\r\n");
        var forwarded = await RawAsync(ingress, head + "To: b\r\n\r\n");

        await ingress.ResultAsync();
        Assert.Contains("method=", direct, StringComparison.Ordinal);
        Assert.Equal(direct, forwarded);
    }

    [Fact]
    public async Task Headers_OddOnes_ArriveAsTheyWereSent()
    {
        await using var owner = await TestNode.StartAsync("b", Headers, AllowUtf8);
        await using var ingress = await TestNode.StartAsync("a", Headers, AllowUtf8);
        ingress.Peers["b"] = owner.AsPeer();
        const string Head = "GET / HTTP/1.0\r\nHost: h\r\nX-Name: Zoë ☃\r\nX-Empty:\r\nUpgrade-Insecure-Requests: 1\r\nX-Hop: gone\r\nConnection: X-Hop\r\nAuthorization: a\r\n";

        var forwarded = await RawAsync(ingress, Head + "To: b\r\n\r\n");

        Assert.Contains("X-Name=Zoë ☃;", forwarded, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("X-Empty=;", forwarded, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Upgrade-Insecure-Requests=1;", forwarded, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("X-Hop", forwarded, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("X-Answer: Zoë ☃\r\n", forwarded, StringComparison.OrdinalIgnoreCase);

        static void AllowUtf8(WebApplicationBuilder builder)
            => builder.WebHost.ConfigureKestrel(kestrel => kestrel.ResponseHeaderEncodingSelector = _ => Encoding.UTF8);

        static void Headers(WebApplication app) => app.Map("/", (HttpContext context) =>
        {
            context.Response.Headers["X-Answer"] = "Zoë ☃";
            return context.Response.WriteAsync(string.Concat(context.Request.Headers.Select(header => $"{header.Key}={header.Value};")));
        });
    }

    [Fact]
    public async Task Answer426_KeepsUpgrade()
    {
        await using var owner = await TestNode.StartAsync("b", Answer);
        await using var ingress = await TestNode.StartAsync("a", Answer);
        ingress.Peers["b"] = owner.AsPeer();

        var forwarded = await RawAsync(ingress, "GET / HTTP/1.1\r\nHost: h\r\nTo: b\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 426", forwarded, StringComparison.Ordinal);
        Assert.Contains("\r\nUpgrade: websocket\r\n", forwarded, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: Upgrade\r\n", forwarded, StringComparison.Ordinal);
        Assert.DoesNotContain("Sticky-", forwarded, StringComparison.OrdinalIgnoreCase);

        static void Answer(WebApplication app) => app.Map("/", (HttpContext context) =>
        {
            context.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            context.Response.Headers.Upgrade = "websocket";
            context.Response.Headers.Connection = "Upgrade";
        });
    }

    [Fact]
    public async Task MiddlewareBeforeIt_SetsHeaderOnBothNodes_ClientSeesItOnce()
    {
        static void Before(WebApplication app) => app.Use((context, next) =>
        {
            context.Response.Headers["X-Frame-Options"] = "DENY";
            return next(context);
        });
        await using var owner = await TestNode.StartAsync("b", EchoNodes.Echo, before: Before);
        await using var ingress = await TestNode.StartAsync("a", EchoNodes.Echo, before: Before);
        ingress.Peers["b"] = owner.AsPeer();
        using var client = ingress.Client();
        client.DefaultRequestHeaders.Add("To", "b");

        using var response = await client.GetAsync("/", Cancellation);

        Assert.Equal(["DENY"], response.Headers.GetValues("X-Frame-Options"));
    }

    /// <summary>One line per fact, without what a connection of its own changes.</summary>
    private static void Everything(WebApplication app) => app.Run(context =>
    {
        var request = context.Request;
        var raw = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!;
        var canHaveBody = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestBodyDetectionFeature>()!.CanHaveBody;
        var trailers = context.Response.SupportsTrailers();
        var headers = request.Headers.Where(header => header.Key is not ("To" or "Connection")).OrderBy(header => header.Key, StringComparer.OrdinalIgnoreCase)
            .Select(header => header.Key.ToUpperInvariant() + ":" + header.Value);
        context.Response.ContentType = "text/plain";
        return context.Response.WriteAsync(
            $"method={request.Method} raw={raw.RawTarget} base={request.PathBase.Value} path={request.Path.Value} query={request.QueryString.Value} "
            + $"scheme={request.Scheme} protocol={request.Protocol} host={request.Host.Value} remote={context.Connection.RemoteIpAddress} "
            + $"local={context.Connection.LocalIpAddress}:{context.Connection.LocalPort} body={canHaveBody} length={request.ContentLength} trailers={trailers} "
            + string.Join('|', headers.Where(header => !header.StartsWith("TO:", StringComparison.Ordinal))));
    });

    internal static async Task<string> RawAsync(TestNode node, string request, string? untilContains = null)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        using var connection = new TcpClient();
        await connection.ConnectAsync(node.PublicAddress.Host, node.PublicAddress.Port, Cancellation);
        var stream = connection.GetStream();
        // Not by closing the sending side: the server takes that for a client that went away.
        var closing = request.Contains("Connection: ", StringComparison.Ordinal) ? request : request[..^2] + "Connection: close\r\n\r\n";
        await stream.WriteAsync(Encoding.UTF8.GetBytes(closing), Cancellation);
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        int read;
        while ((untilContains is null || !answer.ToString().Contains(untilContains, StringComparison.Ordinal))
            && (read = await stream.ReadAsync(buffer, deadline.Token)) > 0)
        {
            answer.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }

        return System.Text.RegularExpressions.Regex.Replace(answer.ToString(), "Date: [^\r]*\r\n", "");
    }
}
