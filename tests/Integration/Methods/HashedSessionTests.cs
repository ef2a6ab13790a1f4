using System.Diagnostics;
using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>Nodes come, go and come back; a hashed session that is in use stays where it is, and all nodes find it.</summary>
public sealed class HashedSessionTests(GarnetServerFixture garnet) : HashedSessionTestBase(garnet)
{
    /// <summary>A client that keeps its connection to the node where its session is never troubles the new home; one day it comes through another node.</summary>
    [Fact]
    public async Task SessionThatStayedBehind_LongAfterItsHomeJoined_IsFoundThroughAnyNode()
    {
        await using var cluster = await StartAsync(TokenCluster.ByUser(Idle), "web-1", "web-2");
        var users = await BeginAsync(cluster, 40);

        await cluster.StartAsync("web-3");
        var (user, owner) = users.First(pair => HomeOf(cluster, pair.Key) == "web-3");
        await UseForAsync(cluster, owner, user, Idle * 1.5);

        Assert.Equal(owner, await cluster.OwnerAsync(user: user));
        Assert.Equal([owner], cluster.HoldersOf(cluster.IdOf(user)));
    }

    [Fact]
    public async Task SessionThatStayedBehind_AfterItsHomeStartedAgain_IsFoundThroughAnyNode()
    {
        await using var cluster = await StartAsync(TokenCluster.ByUser(), "web-1", "web-2");
        var users = await BeginAsync(cluster, 20);
        await cluster.StartAsync("web-3");
        foreach (var (user, owner) in users)
        {
            Assert.Equal(owner, await cluster.OwnerAsync(user: user));
        }

        await cluster.Named("web-3").KillAsync();
        await cluster.UntilAllSeeAsync("web-1", "web-2");
        foreach (var (user, owner) in users)
        {
            Assert.Equal(owner, await cluster.OwnerAsync(user: user));
        }

        await cluster.StartAsync("web-3");
        foreach (var (user, owner) in users)
        {
            Assert.Equal(owner, await cluster.OwnerAsync(user: user));
        }
    }

    /// <summary>A WebSocket makes no further request; its session does not idle out, and its new home has never heard of it.</summary>
    [Fact]
    public async Task SessionWithAWebSocket_WhoseHomeJoined_IsFoundThroughAnyNode()
    {
        await using var cluster = await StartAsync(TokenCluster.ByUser(Idle), _ => { }, app =>
        {
            app.UseWebSockets();
            app.MapGet("/socket", async (HttpContext context) =>
            {
                using var accepted = await context.WebSockets.AcceptWebSocketAsync();
                await accepted.ReceiveAsync(new byte[16], context.RequestAborted);
            });
        }, "web-1", "web-2");
        var users = await BeginAsync(cluster, 40);
        var sockets = new List<ClientWebSocket>();
        try
        {
            foreach (var pair in users)
            {
                var socket = new ClientWebSocket();
                sockets.Add(socket);
                socket.Options.SetRequestHeader(TokenCluster.UserHeader, pair.Key);
                await socket.ConnectAsync(new UriBuilder(new Uri(cluster.Named("web-1").Address, "/socket")) { Scheme = "ws" }.Uri, TestContext.Current.CancellationToken);
            }

            await cluster.StartAsync("web-3");
            var (user, owner) = users.First(pair => HomeOf(cluster, pair.Key) == "web-3");
            var watch = Stopwatch.StartNew();
            await Eventually.Async(() => watch.Elapsed > Idle * 1.5, "nothing but the WebSocket used the session for longer than it may idle");

            Assert.Equal(owner, await cluster.OwnerAsync(user: user));
            Assert.All(sockets, socket => Assert.Equal(WebSocketState.Open, socket.State));
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task HomeThatDrains_KeepsWhatItHolds_AndNewSessionsStayWhereTheyWerePut()
    {
        await using var cluster = await StartAsync(
            TokenCluster.ByUser(), sticky => sticky.ConfigureNode(node => node.DrainDelay = TimeSpan.FromSeconds(2.5)), _ => { }, "web-1", "web-2", "web-3");
        var held = await BeginAsync(cluster, 12);
        var newcomers = Enumerable.Range(100, 30).Select(i => $"user-{i}").Where(user => HomeOf(cluster, user) == "web-2").Take(5).ToArray();

        var left = cluster.Named("web-2").StopAsync();
        await Eventually.Async(() => cluster.Nodes.All(node => !node.Sees("web-2")), "web-2 drains");
        var placed = new Dictionary<string, string>();
        foreach (var user in newcomers)
        {
            placed[user] = await cluster.OwnerAsync(user: user);
            Assert.NotEqual("web-2", placed[user]);
        }

        foreach (var (user, owner) in held)
        {
            Assert.Equal(owner, await cluster.OwnerAsync(user: user));
        }

        Assert.False(left.IsCompleted, "the drain was over before the test was");
        await left;
        foreach (var (user, owner) in placed.Concat(held.Where(pair => pair.Value != "web-2")))
        {
            Assert.Equal(owner, await cluster.OwnerAsync(user: user));
        }
    }

    [Fact]
    public async Task SessionsOfANodeThatDied_BeginAgainAtOneNode_AndTheOthersStay()
    {
        await using var cluster = await StartAsync(TokenCluster.ByUser());
        var users = await BeginAsync(cluster, 30);

        await cluster.Named("web-2").KillAsync();
        await cluster.UntilAllSeeAsync("web-1", "web-3");

        foreach (var (user, owner) in users)
        {
            var now = await cluster.OwnerAsync(user: user);
            Assert.True(owner == "web-2" ? now != "web-2" : now == owner, $"{user}: {owner} → {now}");
        }
    }

    /// <summary>The ingress node remembers a guest's host; the host has let the session go, and its home still thinks of that host.</summary>
    [Fact]
    public async Task GuestThatIdledOut_BeginsAgainAtOneNode()
    {
        await using var cluster = await StartAsync(TokenCluster.ByUser(Idle), "web-1", "web-2");
        var users = await BeginAsync(cluster, 40);
        await cluster.StartAsync("web-3");
        var (user, owner) = users.First(pair => HomeOf(cluster, pair.Key) == "web-3");
        Assert.Equal(owner, await cluster.OwnerAsync(user: user));

        await cluster.UntilForgottenAsync(cluster.IdOf(user));

        var ingress = owner == "web-1" ? "web-2" : "web-1";
        Assert.Equal(HttpStatusCode.OK, (await cluster.GetAsync(ingress, "/owner", user: user)).Status);
        await cluster.OwnerAsync(user: user);
        Assert.Single(cluster.HoldersOf(cluster.IdOf(user)));
    }

    [Fact]
    public async Task End_TheNextRequestBeginsAnewAtTheHome()
    {
        await using var cluster = await StartAsync(TokenCluster.ByUser());
        var owner = await cluster.OwnerAsync(user: "alice");
        var before = cluster.Named(owner).Held.Find(cluster.IdOf("alice"));
        foreach (var node in cluster.Nodes)
        {
            Assert.Equal("bye", (await cluster.GetAsync(node, "/end", user: "alice")).Body);
            Assert.Empty(cluster.HoldersOf(cluster.IdOf("alice")));

            Assert.Equal(owner, await cluster.OwnerAsync(user: "alice"));
            Assert.NotSame(before, before = cluster.Named(owner).Held.Find(cluster.IdOf("alice")));
        }
    }
}
