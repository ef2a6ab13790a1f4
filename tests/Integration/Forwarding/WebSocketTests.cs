using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using StickySessions.Forwarding;
using static StickySessions.Tests.Integration.Forwarding.TwoNodes;

namespace StickySessions.Tests.Integration.Forwarding;

/// <summary>WebSockets cross the interconnect, and end as they would without it.</summary>
public sealed class WebSocketTests
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
        Assert.Equal(ForwardStatus.Completed, (await ingress.ResultAsync()).Status);
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
}
