using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.State;

/// <summary>Once the client has its answer, nothing may change that it was told is stored.</summary>
public sealed class StartedResponseTests(RedisServerFixture redis)
{
    [Fact]
    public async Task BeforeResponse_ChangesAfterTheResponseHasStarted_Throw()
    {
        await using var host = await SessionHost.StartAsync(await redis.ConfigurationAsync());

        await host.RunAsync(async context =>
        {
            context.Session.SetString("name", "Ada");
            await context.Response.StartAsync();
            var session = context.Session;
            Assert.Throws<InvalidOperationException>(() => session.SetString("name", "Grace"));
            Assert.Throws<InvalidOperationException>(() => session.Remove("name"));
            Assert.Throws<InvalidOperationException>(session.Clear);
            Assert.Throws<InvalidOperationException>(() => session.State<Basket>().Change(basket => basket.Add("apple")));
            Assert.Throws<InvalidOperationException>(() => session.State<Basket>().Remove());
            Assert.Equal("Ada", session.GetString("name"));
        });

        await host.RunAsync(session => Assert.Equal(("Ada", ""), (session.GetString("name"), session.State<Basket>().Read(basket => string.Join(' ', basket.Items)))));
    }

    [Theory]
    [InlineData(SessionDurability.None)]
    [InlineData(SessionDurability.Async)]
    public async Task OtherDurabilities_ChangesAfterTheResponseHasStarted_AreAllowed(SessionDurability durability)
    {
        await using var host = await SessionHost.StartAsync(
            await redis.ConfigurationAsync(), sticky => sticky.ConfigurePolicy(policy => policy.Durability = durability));

        await host.RunAsync(async context =>
        {
            await context.Response.StartAsync();
            context.Session.SetString("name", "Ada");
        });

        await host.RunAsync(session => Assert.Equal("Ada", session.GetString("name")));
    }

    [Fact]
    public async Task BeforeResponse_StreamOfEvents_MayChangeAndCommit()
    {
        await using var host = await SessionHost.StartAsync(await redis.ConfigurationAsync());

        await host.RunAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.StartAsync();
            context.Session.SetString("name", "Ada");
            Assert.False(host.Node.Held.All().Single().Memory is { Stored: > 0 });
            await context.Session.CommitAsync();
            Assert.True(host.Node.Held.All().Single().Memory is { Stored: 1 });
        });
    }

    [Fact]
    public async Task BeforeResponse_WebSocket_MayChangeAndCommit()
    {
        await using var host = await SessionHost.StartAsync(await redis.ConfigurationAsync(), map: app =>
        {
            app.UseWebSockets();
            app.Map("/socket", async (HttpContext context) =>
            {
                using var socket = await context.WebSockets.AcceptWebSocketAsync();
                context.Session.SetString("name", "Ada");
                await context.Session.CommitAsync();
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "changed", CancellationToken.None);
            });
        });
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(host.Node.Address) { Scheme = "ws", Path = "/socket" }.Uri, TestContext.Current.CancellationToken);

        var received = await socket.ReceiveAsync(new byte[16], TestContext.Current.CancellationToken);

        Assert.Equal("changed", received.CloseStatusDescription);
        Assert.True(host.Node.Held.All().Single().Memory is { Stored: 1 });
    }
}
