using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Forwarding;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Forwarding;

/// <summary>Everything streams both ways, and what breaks on one side breaks on the other.</summary>
public sealed class StreamingTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("1.1", true)]
    [InlineData("1.1", false)]
    [InlineData("2.0", true)]
    public async Task WebSocket_EndpointMappedForGet_EchoesAndCloses(string version, bool overInterconnect)
    {
        var (owner, ingress) = await StartAsync(WebSocketEcho, version, overInterconnect);
        await using var b = owner;
        await using var a = ingress;
        using var socket = new ClientWebSocket();
        socket.Options.HttpVersion = Version.Parse(version);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        socket.Options.SetRequestHeader("To", "b");
        socket.Options.AddSubProtocol("chat");
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler());
        await socket.ConnectAsync(new UriBuilder(ingress.PublicAddress) { Scheme = "ws", Path = "/ws" }.Uri, invoker, Cancellation);
        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, Cancellation);
        var buffer = new byte[100];
        var received = await socket.ReceiveAsync(buffer, Cancellation);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", Cancellation);

        Assert.Equal((version == "2.0" ? "CONNECT" : "GET") + " b hello", Encoding.UTF8.GetString(buffer, 0, received.Count));
        Assert.Equal("chat", socket.SubProtocol);
        Assert.Equal(WebSocketState.Closed, socket.State);
        await Eventually.Async(() => !ingress.Results.IsEmpty);
        Assert.Equal(ForwardStatus.Completed, Assert.Single(ingress.Results).Status);
    }

    [Fact]
    public async Task WebSocket_ApplicationAnswers200WithoutUpgrading_IsAnOrdinaryAnswer()
    {
        var (owner, ingress) = await StartAsync(app => app.MapGet("/", () => "no socket here"));
        await using var b = owner;
        await using var a = ingress;

        var answer = await RestorationTests.RawAsync(
            ingress, "GET / HTTP/1.1\r\nHost: h\r\nTo: b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", untilContains: "no socket here");

        Assert.StartsWith("HTTP/1.1 200 OK", answer, StringComparison.Ordinal);
        Assert.Contains("no socket here", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WebSocket_OwnerDies_ClientSeesAnAbortAndNotAClose()
    {
        var (owner, ingress) = await StartAsync(app =>
        {
            app.UseWebSockets();
            app.Map("/ws", async (HttpContext context) =>
            {
                using var socket = await context.WebSockets.AcceptWebSocketAsync();
                await socket.ReceiveAsync(new byte[10], CancellationToken.None);
                context.Features.GetRequiredFeature<Microsoft.AspNetCore.Connections.Features.IConnectionLifetimeFeature>().Abort();
            });
        });
        await using var b = owner;
        await using var a = ingress;
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("To", "b");
        await socket.ConnectAsync(new UriBuilder(ingress.PublicAddress) { Scheme = "ws", Path = "/ws" }.Uri, Cancellation);
        await socket.SendAsync("die"u8.ToArray(), WebSocketMessageType.Text, true, Cancellation);

        await Assert.ThrowsAnyAsync<WebSocketException>(() => socket.ReceiveAsync(new byte[10], Cancellation));
    }

    [Fact]
    public async Task Trailers_OfAnHttp2Client_Arrive()
    {
        var (owner, ingress) = await StartAsync(
            app => app.MapPost("/rpc", async (HttpContext context) =>
            {
                Assert.Equal("trailers", context.Request.Headers.TE);
                context.Response.ContentType = "application/grpc";
                context.Response.DeclareTrailer("grpc-status");
                var buffer = new byte[100];
                int read;
                while ((read = await context.Request.Body.ReadAsync(buffer)) > 0)
                {
                    await context.Response.Body.WriteAsync(buffer.AsMemory(0, read));
                }

                context.Response.AppendTrailer("grpc-status", "0");
            }),
            "2.0");
        await using var b = owner;
        await using var a = ingress;
        using var client = ingress.Client(HttpVersion.Version20);
        var duplex = new DuplexContent("application/grpc");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/rpc") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = duplex };
        request.Headers.Add("To", "b");
        request.Headers.TE.ParseAdd("trailers");

        // Bidirectional: the second message is sent only after the echo of the first has arrived.
        var answering = client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        var sending = await duplex.Stream.Task.WaitAsync(Cancellation);
        await SendAsync("one");
        using var response = await answering;
        var body = await response.Content.ReadAsStreamAsync(Cancellation);
        var buffer = new byte[100];
        Assert.Equal("one", Encoding.UTF8.GetString(buffer, 0, await body.ReadAsync(buffer, Cancellation)));
        await SendAsync("two");
        Assert.Equal("two", Encoding.UTF8.GetString(buffer, 0, await body.ReadAsync(buffer, Cancellation)));

        duplex.Complete();
        Assert.Equal(0, await body.ReadAsync(buffer, Cancellation));
        Assert.Equal("0", Assert.Single(response.TrailingHeaders.GetValues("grpc-status")));

        async Task SendAsync(string message)
        {
            await sending.WriteAsync(Encoding.UTF8.GetBytes(message), Cancellation);
            await sending.FlushAsync(Cancellation);
        }
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task ClientGoesAway_OwnerIsCancelled(string version)
    {
        var running = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        var (owner, ingress) = await StartAsync(
            app => app.MapGet("/", async (HttpContext context) =>
            {
                context.RequestAborted.Register(() => cancelled.TrySetResult());
                running.SetResult();
                await cancelled.Task;
            }),
            version);
        await using var b = owner;
        await using var a = ingress;
        using var client = ingress.Client(Version.Parse(version));
        using var abort = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Add("To", "b");
        var response = client.SendAsync(request, abort.Token);
        await running.Task.WaitAsync(Cancellation);

        await abort.CancelAsync();

        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => response);
    }

    [Theory]
    [InlineData("1.1", true)]
    [InlineData("1.1", false)]
    [InlineData("2.0", true)]
    public async Task OwnerDiesMidAnswer_ClientSeesThatItIsTruncated(string version, bool overInterconnect)
    {
        var received = new TaskCompletionSource();
        var (owner, ingress) = await StartAsync(
            app => app.MapGet("/", async (HttpContext context) =>
            {
                await context.Response.WriteAsync("first part");
                await context.Response.Body.FlushAsync();
                await received.Task;
                context.Features.GetRequiredFeature<Microsoft.AspNetCore.Connections.Features.IConnectionLifetimeFeature>().Abort();
            }),
            version,
            overInterconnect);
        await using var b = owner;
        await using var a = ingress;
        using var client = ingress.Client(Version.Parse(version));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Add("To", "b");
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        var body = await response.Content.ReadAsStreamAsync(Cancellation);
        var buffer = new byte[100];
        Assert.Equal("first part", Encoding.UTF8.GetString(buffer, 0, await body.ReadAsync(buffer, Cancellation)));
        received.SetResult();

        await Assert.ThrowsAnyAsync<IOException>(() => body.CopyToAsync(Stream.Null, Cancellation));
    }

    [Fact]
    public async Task ExpectContinue_OwnerAnswersWithoutReading_BodyIsNeverSent()
    {
        var (owner, ingress) = await StartAsync(app => app.MapPost("/", (HttpContext context) =>
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        }));
        await using var b = owner;
        await using var a = ingress;
        using var handler = new SocketsHttpHandler { Expect100ContinueTimeout = Timeout.InfiniteTimeSpan };
        using var client = new HttpClient(handler) { BaseAddress = ingress.PublicAddress };
        var content = new DuplexContent("text/plain");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = content };
        request.Headers.Add("To", "b");
        request.Headers.ExpectContinue = true;

        using var response = await client.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.False(content.Stream.Task.IsCompleted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ExpectContinue_OwnerReads_BodyArrives(bool overInterconnect)
    {
        var (owner, ingress) = await StartAsync(RetryTests.Echo, "1.1", overInterconnect);
        await using var b = owner;
        await using var a = ingress;
        using var client = ingress.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new StringContent("hello") };
        request.Headers.Add("To", "b");
        request.Headers.ExpectContinue = true;

        using var response = await client.SendAsync(request, Cancellation);

        Assert.Equal("b:hello", await response.Content.ReadAsStringAsync(Cancellation));
    }

    [Theory]
    [InlineData("/raised", HttpStatusCode.OK, true)]
    [InlineData("/default", HttpStatusCode.RequestEntityTooLarge, true)]
    [InlineData("/raised", HttpStatusCode.OK, false)]
    public async Task LimitOfBody_IsTheOwnersEndpoints(string path, HttpStatusCode expected, bool overInterconnect)
    {
        const int Limit = 100_000;
        void LimitBody(WebApplicationBuilder builder) => builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = Limit);
        var (owner, ingress) = await StartAsync(
            app =>
            {
                app.MapPost("/raised", async (HttpContext context) =>
                {
                    context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
                    await context.Request.Body.CopyToAsync(Stream.Null);
                });
                app.MapPost("/default", (HttpContext context) => context.Request.Body.CopyToAsync(Stream.Null));
            },
            "1.1",
            overInterconnect,
            LimitBody);
        await using var b = owner;
        await using var a = ingress;
        using var client = ingress.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(new byte[2 * Limit]) };
        request.Headers.Add("To", "b");
        request.Headers.ExpectContinue = true;

        using var response = await client.SendAsync(request, Cancellation);

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Tls_InterconnectWithTrustedCertificate_CarriesRequests()
    {
        using var key = RSA.Create(2048);
        var signing = new CertificateRequest("CN=interconnect", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = signing.CreateSelfSigned(DateTimeOffset.UnixEpoch, new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pem");
        await File.WriteAllTextAsync(file, certificate.ExportCertificatePem(), Cancellation);
        try
        {
            void Trust(WebApplicationBuilder builder) => builder.Services.Configure<StickyInterconnectOptions>(options =>
            {
                options.Url = "https://127.0.0.1:0";
                options.Certificate = certificate;
                options.TrustedCertificatesFile = file;
            });
            await using var owner = await TestNode.StartAsync("b", ForwardingTests.Facts, Trust);
            await using var ingress = await TestNode.StartAsync("a", ForwardingTests.Facts, Trust);
            await using var stranger = await TestNode.StartAsync("c", ForwardingTests.Facts);
            ingress.Peers["b"] = stranger.Peers["b"] = owner.AsPeer();
            using var client = ingress.Client();
            client.DefaultRequestHeaders.Add("To", "b");
            using var distrusting = stranger.Client();
            distrusting.DefaultRequestHeaders.Add("To", "b");

            Assert.Contains("\"scheme\":\"http\"", await client.GetStringAsync("/facts/x", Cancellation), StringComparison.Ordinal);
            Assert.Equal("https", owner.Interconnect.Advertised!.Scheme);
            (await distrusting.GetAsync("/facts/x", Cancellation)).Dispose();
            Assert.Equal(ForwardStatus.NotSent, Assert.Single(stranger.Results).Status);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task<(TestNode Owner, TestNode Ingress)> StartAsync(
        Action<WebApplication> endpoints, string version = "1.1", bool overInterconnect = true, Action<WebApplicationBuilder>? configure = null)
    {
        var owner = await TestNode.StartAsync("b", endpoints, builder =>
        {
            RetryTests.WithoutInterconnect(!overInterconnect)(builder);
            configure?.Invoke(builder);
        });
        var ingress = await TestNode.StartAsync("a", endpoints, builder =>
        {
            configure?.Invoke(builder);
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(
                listen => listen.Protocols = version == "2.0" ? HttpProtocols.Http2 : HttpProtocols.Http1));
        });
        ingress.Peers["b"] = owner.AsPeer(overInterconnect);
        return (owner, ingress);
    }

    private static void WebSocketEcho(WebApplication app)
    {
        app.UseWebSockets();
        Delegate echo = async (HttpContext context) =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync("chat");
            var buffer = new byte[100];
            var received = await socket.ReceiveAsync(buffer, CancellationToken.None);
            var answer = $"{context.Request.Method} b {Encoding.UTF8.GetString(buffer, 0, received.Count)}";
            await socket.SendAsync(Encoding.UTF8.GetBytes(answer), WebSocketMessageType.Text, true, CancellationToken.None);
            await socket.ReceiveAsync(buffer, CancellationToken.None);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", CancellationToken.None);
        };
        app.MapMethods("/ws", ["GET", "CONNECT"], echo);
    }

    private sealed class DuplexContent : HttpContent
    {
        private readonly TaskCompletionSource _complete = new();

        public DuplexContent(string type) => Headers.TryAddWithoutValidation("Content-Type", type);

        public TaskCompletionSource<Stream> Stream { get; } = new();

        public void Complete() => _complete.SetResult();

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            Stream.SetResult(stream);
            return _complete.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
