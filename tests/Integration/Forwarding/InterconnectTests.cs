using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Forwarding;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Forwarding;

/// <summary>Who may speak on the interconnect, who not, and that it takes nothing away from the application.</summary>
public sealed class InterconnectTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("not an envelope")]
    [InlineData("AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task Interconnect_WithoutValidEnvelope_RefusesAndApplicationDoesNotRun(string? envelope)
    {
        var ran = false;
        await using var node = await TestNode.StartAsync("a", before: app => app.Use((context, next) =>
        {
            ran = true;
            return next(context);
        }));
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(node.Interconnect.Listening!, "/"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (envelope is not null)
        {
            request.Headers.TryAddWithoutValidation(StickyHeaders.Envelope, envelope);
        }

        using var response = await client.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.False(ran);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task PublicListener_StickyHeaders_AreRemoved(bool hasInterconnect)
    {
        await using var node = await TestNode.StartAsync("a", ForwardingTests.Facts, EchoNodes.WithoutInterconnect(!hasInterconnect));
        using var client = node.Client();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/facts/x");
        request.Headers.TryAddWithoutValidation("sticky-envelope", "forged");
        request.Headers.TryAddWithoutValidation("Sticky-Anything", "x");

        using var response = await client.SendAsync(request, Cancellation);
        var seen = await response.Content.ReadFromJsonAsync<Dictionary<string, string?>>(Cancellation);

        Assert.Equal("", seen!["sticky"]);
        Assert.Null(seen["ingress"]);
    }

    [Fact]
    public async Task PublicListener_OfNodeWithInterconnect_IgnoresValidEnvelope()
    {
        await using var owner = await TestNode.StartAsync("b", ForwardingTests.Facts);
        await using var ingress = await TestNode.StartAsync("a", ForwardingTests.Facts);
        ingress.Peers["b"] = owner.AsPeer(overInterconnect: false);
        using var client = ingress.Client();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/facts/x");
        request.Headers.Add("To", "b");

        // The owner takes it for a client's own request; its stand-in middleware would forward it, but knows no "b".
        using var response = await client.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
    }

    [Fact]
    public async Task PortInUse_NodeDoesNotStartAndSaysWhy()
    {
        await using var other = await TestNode.StartAsync("a");
        var url = $"http://127.0.0.1:{other.Interconnect.Listening!.Port}";

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => TestNode.StartAsync(
            "b", configure: builder => builder.Services.Configure<StickyInterconnectOptions>(options => options.Url = url)));

        Assert.Contains(url, failure.Message, StringComparison.Ordinal);
        Assert.Contains("StickySessions:Interconnect:Url", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AddressOfAnotherMachine_NodeDoesNotStartAndSaysWhy()
    {
        const string Url = "http://203.0.113.7:0";

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => TestNode.StartAsync(
            "b", configure: builder => builder.Services.Configure<StickyInterconnectOptions>(options => options.Url = Url)));

        Assert.Contains(Url, failure.Message, StringComparison.Ordinal);
        Assert.Contains("StickySessions:Interconnect:Url", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AllInterfaces_ListensOnIPv4()
    {
        await using var node = await TestNode.StartAsync(
            "b", configure: builder => builder.Services.Configure<StickyInterconnectOptions>(options => options.Url = "http://*:0"));

        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, node.Interconnect.Listening!.Port, Cancellation);
    }

    [Theory]
    [InlineData("code")]
    [InlineData("urls")]
    [InlineData("http_ports")]
    [InlineData("configuration")]
    public async Task Interconnect_HoweverTheApplicationListens_DisplacesNoEndpoint(string way)
    {
        var builder = WebApplication.CreateBuilder(way == "urls" ? ["--urls", "http://127.0.0.1:0"] : []);
        builder.Logging.ClearProviders();
        switch (way)
        {
            case "code":
                builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
                break;
            case "http_ports":
                builder.Configuration["HTTP_PORTS"] = "0";
                break;
            case "configuration":
                builder.Configuration.AddInMemoryCollection([new("Kestrel:Endpoints:One:Url", "http://127.0.0.1:0"), new("Kestrel:Endpoints:Two:Url", "http://127.0.0.1:0")]);
                break;
        }

        builder.Services.AddForwarding();
        builder.Services.AddSingleton<IClusterKeys>(new FixedClusterKeys(TestNode.Secret));
        builder.Services.Configure<StickyInterconnectOptions>(options => options.Url = "http://127.0.0.1:0");
        await using var app = builder.Build();
        app.MapGet("/", () => "hello");
        await app.StartAsync(Cancellation);

        Assert.Equal(way == "configuration" ? 2 : 1, app.Urls.Count);
        using var client = new HttpClient();
        foreach (var url in app.Urls)
        {
            var reachable = new UriBuilder(url.Replace("[::]", "127.0.0.1", StringComparison.Ordinal)).Uri;
            Assert.Equal("hello", await client.GetStringAsync(reachable, Cancellation));
            Assert.NotEqual(reachable.Port, app.Services.GetRequiredService<InterconnectAddress>().Listening!.Port);
        }
    }

    [Fact]
    public async Task Peer_AsksAQuestion_GetsTheAnswer()
    {
        await using var asked = await TestNode.StartAsync("b", configure: builder => builder.Services.AddSingleton<IPeerQuestionHandler, Reverse>());
        await using var asking = await TestNode.StartAsync("a");
        var peers = asking.Services.GetRequiredService<IPeerClient>();
        var address = asked.Interconnect.Advertised!;

        var answer = await peers.AskAsync(address, true, "reverse", new byte[] { 1, 2, 3 }, Cancellation);
        var unknown = await peers.AskAsync(address, true, "unknown", default, Cancellation);

        Assert.Equal(PeerAnswerStatus.Answered, answer.Status);
        Assert.Equal([3, 2, 1], answer.Content.ToArray());
        Assert.Equal(PeerAnswerStatus.NoAnswer, unknown.Status);
        Assert.False(await peers.IsRefusedAsync(address, Cancellation));
    }

    [Fact]
    public async Task Peer_WithoutInterconnect_AnswersOnItsPublicListener()
    {
        await using var asked = await TestNode.StartAsync("b", configure: builder =>
        {
            EchoNodes.WithoutInterconnect(true)(builder);
            builder.Services.AddSingleton<IPeerQuestionHandler, Reverse>();
        });
        await using var asking = await TestNode.StartAsync("a");

        var answer = await asking.Services.GetRequiredService<IPeerClient>().AskAsync(asked.PublicAddress, false, "reverse", new byte[] { 1, 2 }, Cancellation);

        Assert.Equal(PeerAnswerStatus.Answered, answer.Status);
        Assert.Equal([2, 1], answer.Content.ToArray());
    }

    [Fact]
    public async Task Peer_WithOtherSecret_IsNotAuthenticated()
    {
        await using var asked = await TestNode.StartAsync("b", secret: "another secret of at least 32 characters");
        await using var asking = await TestNode.StartAsync("a");

        var answer = await asking.Services.GetRequiredService<IPeerClient>().AskAsync(asked.Interconnect.Advertised!, true, "reverse", default, Cancellation);

        Assert.Equal(PeerAnswerStatus.NotAuthenticated, answer.Status);
    }

    [Fact]
    public async Task Peer_NobodyListens_IsRefused()
    {
        await using var asking = await TestNode.StartAsync("a");
        var gone = await TestNode.StartAsync("b");
        var address = gone.Interconnect.Advertised!;
        await gone.StopAsync();
        await gone.DisposeAsync();
        var peers = asking.Services.GetRequiredService<IPeerClient>();

        Assert.Equal(PeerAnswerStatus.Refused, (await peers.AskAsync(address, true, "reverse", default, Cancellation)).Status);
        Assert.True(await peers.IsRefusedAsync(address, Cancellation));
    }

    private sealed class Reverse : IPeerQuestionHandler
    {
        public string Kind => "reverse";

        public ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
            => new(question.ToArray().Reverse().ToArray());
    }
}
