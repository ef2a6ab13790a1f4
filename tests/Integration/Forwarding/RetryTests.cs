using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Forwarding;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Forwarding;

/// <summary>What may be tried again, and what never.</summary>
public sealed class RetryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task NotMine_BodyWasKept_NextNodeGetsWholeBody(bool overInterconnect, bool chunked)
    {
        await using var first = await TestNode.StartAsync("b", Echo, WithoutInterconnect(!overInterconnect));
        await using var second = await TestNode.StartAsync("c", Echo, WithoutInterconnect(!overInterconnect));
        await using var ingress = await TestNode.StartAsync("a", Echo);
        first.RefusesAll = true;
        ingress.Peers["b"] = first.AsPeer(overInterconnect);
        ingress.Peers["c"] = second.AsPeer(overInterconnect);

        var (status, body) = await PostAsync(ingress, "b,c", Text(20_000), chunked);

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("c:" + Text(20_000), body);
        Assert.Equal(
            [new ForwardResult(ForwardStatus.NotMine, new NotMine(new NodeTag(7, 8), 9, 10, Ended: true)), new ForwardResult(ForwardStatus.Completed)],
            ingress.Results);
    }

    [Fact]
    public async Task NotMine_HandledHere_ApplicationGetsWholeBody()
    {
        await using var first = await TestNode.StartAsync("b", Echo);
        await using var ingress = await TestNode.StartAsync("a", Echo);
        first.RefusesAll = true;
        ingress.Peers["b"] = first.AsPeer();

        var (status, body) = await PostAsync(ingress, "b", Text(20_000), chunked: false);

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("a:" + Text(20_000), body);
    }

    [Fact]
    public async Task NotMine_MoreReadThanKept_IsAProblemThatSaysSo()
    {
        // The refusing node reads the body first, so that the ingress node has sent more than it keeps.
        await using var first = await TestNode.StartAsync("b", Echo, before: app => app.Use(async (context, next) =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            await next(context);
        }));
        await using var ingress = await TestNode.StartAsync("a", Echo);
        first.RefusesAll = true;
        ingress.Peers["b"] = first.AsPeer();

        var (status, body) = await PostAsync(ingress, "b", Text(300_000), chunked: false);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Equal("body-sent", JsonDocument.Parse(body).RootElement.GetProperty("reason").GetString());
    }

    [Theory]
    [InlineData(false, false, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData(false, true, HttpStatusCode.OK)]
    [InlineData(true, false, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData(true, true, HttpStatusCode.OK)]
    public async Task NotMine_HandledHere_LimitOfTheBodyHoldsUnlessTheEndpointRaisesIt(bool bodyWasSent, bool raises, HttpStatusCode expected)
    {
        await using var first = await TestNode.StartAsync("b", Echo, before: app => app.Use(async (context, next) =>
        {
            if (bodyWasSent)
            {
                await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            }

            await next(context);
        }));
        await using var ingress = await TestNode.StartAsync(
            "a",
            app =>
            {
                app.Use((context, next) =>
                {
                    if (raises)
                    {
                        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = 30_000;
                    }

                    return next(context);
                });
                Echo(app);
            },
            builder => builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = 1000));
        first.RefusesAll = true;
        ingress.Peers["b"] = first.AsPeer();
        ingress.Peers["c"] = first.AsPeer() with { Tag = new NodeTag(5, 5), Name = "c", Address = new Uri($"http://127.0.0.1:{FreePort.Next()}") };

        // Twice, so that the limit is lifted and in force again more than once.
        var (status, _) = await PostAsync(ingress, bodyWasSent ? "b,c" : "c,c", Text(20_000), chunked: true);

        Assert.Equal(expected, status);
    }

    [Fact]
    public async Task NotSent_NobodyListens_NextNodeServesAndCircuitOpens()
    {
        await using var second = await TestNode.StartAsync("c", Echo);
        await using var ingress = await TestNode.StartAsync("a", Echo);
        ingress.Peers["b"] = second.AsPeer() with { Tag = new NodeTag(5, 5), Name = "b", Address = new Uri($"http://127.0.0.1:{FreePort.Next()}") };
        ingress.Peers["c"] = second.AsPeer();

        for (var attempt = 0; attempt < 4; attempt++)
        {
            var (status, body) = await PostAsync(ingress, "b,c", "hello", chunked: false);
            Assert.Equal((HttpStatusCode.OK, "c:hello"), (status, body));
        }

        Assert.Equal(4, ingress.Results.Count(result => result.Status == ForwardStatus.NotSent));
    }

    [Fact]
    public async Task Application421_IsNeverMistakenForNotMine()
    {
        await using var owner = await TestNode.StartAsync("b", app => app.Map("/", context =>
        {
            context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
            context.Response.Headers[StickyHeaders.Answer] = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
            return context.Response.WriteAsync("mine");
        }));
        await using var ingress = await TestNode.StartAsync("a", Echo);
        ingress.Peers["b"] = owner.AsPeer();

        using var response = await SendAsync(ingress, HttpMethod.Get, "b");

        Assert.Equal(HttpStatusCode.MisdirectedRequest, response.StatusCode);
        Assert.Equal("mine", await response.Content.ReadAsStringAsync(Cancellation));
        Assert.False(response.Headers.Contains(StickyHeaders.Answer));
        Assert.Equal(ForwardStatus.Completed, Assert.Single(ingress.Results).Status);
    }

    [Theory]
    [InlineData(200, true)]
    [InlineData(401, true)]
    [InlineData(503, true)]
    [InlineData(401, false)]
    public async Task ApplicationUsesHeadersOfNodes_TheyMeanNothing(int status, bool overInterconnect)
    {
        await using var owner = await TestNode.StartAsync(
            "b",
            app => app.Map("/", context =>
            {
                context.Response.OnStarting(() =>
                {
                    context.Response.Headers[StickyHeaders.Refused] = "envelope";
                    context.Response.Headers[StickyHeaders.Status] = "299";
                    context.Response.Headers[StickyHeaders.Upgrade] = "anything";
                    return Task.CompletedTask;
                });
                context.Response.StatusCode = status;
                return context.Response.WriteAsync("mine");
            }),
            WithoutInterconnect(!overInterconnect));
        await using var ingress = await TestNode.StartAsync("a", Echo);
        ingress.Peers["b"] = owner.AsPeer(overInterconnect);

        using var response = await SendAsync(ingress, HttpMethod.Get, "b");

        Assert.Equal((status, "mine"), ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation)));
        Assert.Empty(response.Headers.Upgrade);
        Assert.Equal(ForwardStatus.Completed, Assert.Single(ingress.Results).Status);
    }

    [Fact]
    public async Task ApplicationResetsItsStreamAsRefused_AfterItsHeaders_IsNotTriedAgain()
    {
        await using var owner = await TestNode.StartAsync("b", app => app.Map("/", async (HttpContext context) =>
        {
            await context.Response.StartAsync();
            context.Features.GetRequiredFeature<IHttpResetFeature>().Reset(7);
        }));
        await using var ingress = await TestNode.StartAsync("a", Echo, builder => builder.WebHost.ConfigureKestrel(
            kestrel => kestrel.ConfigureEndpointDefaults(listen => listen.Protocols = Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols.Http2)));
        ingress.Peers["b"] = owner.AsPeer();
        using var client = ingress.Client(HttpVersion.Version20);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Add("To", "b");

        // An error or an abort, as far as the headers had come.
        await Record.ExceptionAsync(async () => (await client.SendAsync(request, Cancellation)).Dispose());

        Assert.Equal(ForwardStatus.Failed, Assert.Single(ingress.Results).Status);
    }

    [Theory]
    [InlineData("GET", true)]
    [InlineData("POST", true)]
    [InlineData("GET", false)]
    [InlineData("POST", false)]
    [InlineData("DELETE", false)]
    public async Task OwnerDiesWhileItRuns_RequestRunsOnceAndClientSeesOwnerLost(string method, bool overInterconnect)
    {
        var runs = 0;
        await using var owner = await TestNode.StartAsync(
            "b",
            app => app.Map("/", (HttpContext context) =>
            {
                if (context.Request.Headers.ContainsKey("Die"))
                {
                    Interlocked.Increment(ref runs);
                    context.Features.GetRequiredFeature<Microsoft.AspNetCore.Connections.Features.IConnectionLifetimeFeature>().Abort();
                }

                return Task.CompletedTask;
            }),
            WithoutInterconnect(!overInterconnect));
        await using var ingress = await TestNode.StartAsync("a", Echo);
        ingress.Peers["b"] = owner.AsPeer(overInterconnect);

        // The first leaves a pooled connection behind: only on such a one would the transport send again.
        (await SendAsync(ingress, HttpMethod.Get, "b")).Dispose();
        using var response = await SendAsync(ingress, new HttpMethod(method), "b", die: true);

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        Assert.Equal(("owner-lost", "b"), (problem.GetProperty("reason").GetString(), problem.GetProperty("node").GetString()));
        Assert.Equal(1, runs);
    }

    [Theory]
    [InlineData("slow", true, HttpStatusCode.GatewayTimeout)]
    [InlineData("slow", false, HttpStatusCode.GatewayTimeout)]
    [InlineData("reset", true, HttpStatusCode.BadGateway)]
    [InlineData("die", true, HttpStatusCode.OK)]
    [InlineData("die", false, HttpStatusCode.OK)]
    public async Task RetrySafeMethods_OnlyALostConnectionIsTriedAgain(string fate, bool overInterconnect, HttpStatusCode expected)
    {
        await using var owner = await TestNode.StartAsync(
            "b",
            app => app.Map("/", async (HttpContext context) =>
            {
                switch (fate)
                {
                    case "die":
                        context.Features.GetRequiredFeature<Microsoft.AspNetCore.Connections.Features.IConnectionLifetimeFeature>().Abort();
                        break;
                    case "reset":
                        context.Abort();
                        break;
                }

                await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }),
            WithoutInterconnect(!overInterconnect));
        await using var ingress = await TestNode.StartAsync("a", Echo, builder => builder.Services.Configure<StickyForwardingOptions>(options =>
        {
            options.RetrySafeMethods = true;
            options.ResponseTimeout = fate == "slow" ? TimeSpan.FromMilliseconds(200) : TimeSpan.FromMinutes(1);
        }));
        ingress.Peers["b"] = owner.AsPeer(overInterconnect);

        using var response = await SendAsync(ingress, HttpMethod.Get, "b");

        Assert.Equal(fate == "die" ? ForwardStatus.NotSent : ForwardStatus.Failed, Assert.Single(ingress.Results).Status);
        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task RetrySafeMethods_OwnerIsBusy_IsNotTriedAgain()
    {
        var running = new TaskCompletionSource();
        var end = new TaskCompletionSource();
        await using var owner = await TestNode.StartAsync("b", app => app.Map("/", (HttpContext context) =>
        {
            running.TrySetResult();
            return end.Task;
        }));
        await using var ingress = await TestNode.StartAsync("a", Echo, builder => builder.Services.Configure<StickyForwardingOptions>(options =>
        {
            options.RetrySafeMethods = true;
            options.MaxInFlightPerNode = 1;
        }));
        ingress.Peers["b"] = owner.AsPeer();
        var first = SendAsync(ingress, HttpMethod.Get, "b");
        await running.Task.WaitAsync(Cancellation);

        using var second = await SendAsync(ingress, HttpMethod.Get, "b");
        end.SetResult();
        (await first).Dispose();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, second.StatusCode);
        Assert.Equal([ForwardStatus.Failed, ForwardStatus.Completed], ingress.Results.Select(result => result.Status));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    [InlineData("DELETE")]
    [InlineData("POST", true)]
    public async Task PooledHttp1ConnectionEndsBeforeAnswer_RequestIsNotSentAgain(string method, bool expectContinue = false)
    {
        // Speaks just enough HTTP/1.1: answers the first request on a connection, closes at the second.
        var requests = 0;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var serving = ServeAsync();
        await using var ingress = await TestNode.StartAsync("a", Echo);
        ingress.Peers["b"] = new Node
        {
            Tag = new NodeTag(3, 3),
            Name = "b",
            HasInterconnect = false,
            Address = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}"),
        };

        (await SendAsync(ingress, HttpMethod.Get, "b")).Dispose();
        using var response = await SendAsync(ingress, new HttpMethod(method), "b", expectContinue: expectContinue);
        await stop.CancelAsync();
        await serving;

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Equal(2, requests);

        async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var connection = await listener.AcceptTcpClientAsync(stop.Token);
                    var stream = connection.GetStream();
                    if (await ReadHeadAsync(stream, stop.Token))
                    {
                        requests++;
                        await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), Cancellation);
                        requests += await ReadHeadAsync(stream, stop.Token) ? 1 : 0;
                    }
                }
            }
            catch (OperationCanceledException)
            {
            }
        }
    }

    [Fact]
    public async Task OtherSecret_ClientSeesOwnerRefused()
    {
        await using var owner = await TestNode.StartAsync("b", Echo, secret: "another secret of at least 32 characters");
        await using var ingress = await TestNode.StartAsync("a", Echo);
        ingress.Peers["b"] = owner.AsPeer();

        var (status, body) = await PostAsync(ingress, "b", "hello", chunked: false);

        Assert.Equal(HttpStatusCode.BadGateway, status);
        Assert.Contains("owner-refused", body, StringComparison.Ordinal);
    }

    internal static Action<WebApplicationBuilder> WithoutInterconnect(bool without) => builder =>
        builder.Services.Configure<StickyInterconnectOptions>(options => options.Enabled = !without);

    internal static void Echo(WebApplication app) => app.Map("/", async context =>
    {
        using var reader = new StreamReader(context.Request.Body);
        var name = context.RequestServices.GetRequiredService<Microsoft.Extensions.Options.IOptions<StickyNodeOptions>>().Value.Name;
        await context.Response.WriteAsync(name + ":" + await reader.ReadToEndAsync());
    });

    private static string Text(int length) => string.Concat(Enumerable.Range(0, length).Select(index => (char)('a' + (index % 26))));

    private static async Task<(HttpStatusCode Status, string Body)> PostAsync(TestNode ingress, string to, string body, bool chunked)
    {
        using var client = ingress.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new StringContent(body) };
        request.Headers.Add("To", to);
        request.Headers.TransferEncodingChunked = chunked;
        using var response = await client.SendAsync(request, Cancellation);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation));
    }

    private static async Task<HttpResponseMessage> SendAsync(TestNode ingress, HttpMethod method, string to, bool die = false, bool expectContinue = false)
    {
        using var client = ingress.Client();
        using var request = new HttpRequestMessage(method, "/");
        request.Headers.Add("To", to);
        if (die)
        {
            request.Headers.Add("Die", "1");
        }

        if (expectContinue)
        {
            request.Content = new StringContent(Text(5000));
            request.Headers.ExpectContinue = true;
        }

        return await client.SendAsync(request, Cancellation);
    }

    /// <returns>Whether there was a whole head.</returns>
    private static async Task<bool> ReadHeadAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var head = new StringBuilder();
        var buffer = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(buffer, cancellationToken) == 0)
            {
                return false;
            }

            head.Append((char)buffer[0]);
        }

        return true;
    }
}
