using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Forwarding;
using static StickySessions.Tests.Integration.Forwarding.TwoNodes;

namespace StickySessions.Tests.Integration.Forwarding;

/// <summary>Everything streams both ways, and what breaks on one side breaks on the other.</summary>
public sealed class StreamingTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

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
            Assert.Equal(ForwardStatus.NotSent, (await stranger.ResultAsync()).Status);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
