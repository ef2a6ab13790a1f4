using System.Globalization;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.State;

/// <summary>What the client was told is there, whichever node goes.</summary>
public sealed class DurableStateTests(RedisServerFixture redis)
{
    [Fact]
    public async Task Owner_Killed_AnotherNodeHasEveryChange()
    {
        await using var cluster = StateApplication.Cluster(await redis.ConfigurationAsync());
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        using var client = new StateClient();
        await client.PutAsync(nodes[0], "/values/name/Ada");
        await client.PostAsync(nodes[1], "/basket/apple");
        await client.PostAsync(nodes[2], "/basket/bread");

        await nodes[0].KillAsync();

        Assert.Equal("Ada", await client.GetAsync(nodes[1], "/values/name"));
        Assert.Equal("apple bread", await client.GetAsync(nodes[2], "/basket"));
        await client.PostAsync(nodes[1], "/basket/honey");
        Assert.Equal("apple bread honey", await client.GetAsync(nodes[2], "/basket"));
    }

    [Fact]
    public async Task ConcurrentChanges_OfOneSession_AreAllThere()
    {
        const int Changes = 100;
        await using var cluster = StateApplication.Cluster(await redis.ConfigurationAsync());
        var nodes = await cluster.StartAsync("web-1", "web-2");
        using var client = new StateClient();
        await client.GetAsync(nodes[0], "/basket");

        var counts = await Task.WhenAll(Enumerable.Range(0, Changes).Select(number => client.PostAsync(nodes[number % 2], $"/basket/item-{number}")));
        Assert.Equal(Enumerable.Range(1, Changes), counts.Select(count => int.Parse(count, CultureInfo.InvariantCulture)).Order());
        await nodes[0].KillAsync();

        var items = (await client.GetAsync(nodes[1], "/basket")).Split(' ');
        Assert.Equal(Enumerable.Range(0, Changes).Select(number => $"item-{number}").Order(StringComparer.Ordinal), items.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task SessionThatEnded_AfterItsOwnerIsKilled_DoesNotComeBack()
    {
        await using var cluster = StateApplication.Cluster(await redis.ConfigurationAsync());
        var nodes = await cluster.StartAsync("web-1", "web-2");
        using var client = new StateClient();
        await client.PostAsync(nodes[0], "/basket/apple");
        await client.DeleteAsync(nodes[0], "/session");

        await nodes[0].KillAsync();

        Assert.Equal("", await client.GetAsync(nodes[1], "/basket"));
    }

    [Theory]
    [InlineData(StickyMethod.Learn)]
    [InlineData(StickyMethod.Rewrite)]
    public async Task TokenOfTheApplication_GivenOutByTheRequestThatChangedState_FindsItAfterTheOwnerIsKilled(StickyMethod method)
    {
        await using var cluster = StateApplication.Cluster(await redis.ConfigurationAsync(), sticky => sticky.ConfigurePolicy(policy =>
        {
            policy.Method = method;
            policy.Sources.Add(new() { Kind = StickyTokenSourceKind.Cookie, Name = "app" });
        }));
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        using var client = new StateClient();
        await client.PostAsync(nodes[0], "/login/apple");
        await client.PostAsync(nodes[1], "/basket/bread");

        await nodes[0].KillAsync();

        Assert.Equal("apple bread", await client.GetAsync(nodes[2], "/basket"));
    }

    [Fact]
    public async Task Async_OnceStored_OutlivesItsOwner()
    {
        await using var cluster = StateApplication.Cluster(
            await redis.ConfigurationAsync(), sticky => sticky.ConfigurePolicy(policy => policy.Durability = SessionDurability.Async));
        var nodes = await cluster.StartAsync("web-1", "web-2");
        using var client = new StateClient();
        await client.PostAsync(nodes[0], "/basket/apple");
        await Eventually.Async(() => nodes[0].Held.All().Single().Memory is { Stored: > 0 }, "the write-behind has stored it");

        await nodes[0].KillAsync();

        Assert.Equal("apple", await client.GetAsync(nodes[1], "/basket"));
    }

    [Fact]
    public async Task None_OfAKilledOwner_IsLostAndTheSessionGoesOn()
    {
        await using var cluster = StateApplication.Cluster(
            await redis.ConfigurationAsync(), sticky => sticky.ConfigurePolicy(policy => policy.Durability = SessionDurability.None));
        var nodes = await cluster.StartAsync("web-1", "web-2");
        using var client = new StateClient();
        await client.PostAsync(nodes[0], "/basket/apple");
        Assert.Equal("apple", await client.GetAsync(nodes[1], "/basket"));

        await nodes[0].KillAsync();

        Assert.Equal("", await client.GetAsync(nodes[1], "/basket"));
    }

    [Fact]
    public async Task RedisFlushed_ThenTheOwnerKilled_NothingIsLost()
    {
        await using var own = await RedisServerProcess.StartOrSkipAsync();
        await using var cluster = StateApplication.Cluster(own.Configuration);
        var nodes = await cluster.StartAsync("web-1", "web-2");
        using var client = new StateClient();
        await client.PostAsync(nodes[0], "/basket/apple");
        await using var connection = await StackExchange.Redis.ConnectionMultiplexer.ConnectAsync($"{own.Configuration},allowAdmin=true,asyncTimeout=60000");
        await connection.GetDatabase().ExecuteAsync("FLUSHALL");

        // Without any request: it may be long until the next.
        var session = nodes[0].Held.All().Single();
        await Eventually.Async(
            async () => (await connection.GetServers()[0].KeysAsync(pattern: $"*{session.Id}*").CountAsync(TestContext.Current.CancellationToken)) > 0 && session.Memory is { Stored: > 0 },
            "the owner has stored it again");
        await nodes[0].KillAsync();

        Assert.Equal("apple", await client.GetAsync(nodes[1], "/basket"));
    }

    [Fact]
    public async Task RewrittenToken_ThatComesWithoutItsSuffix_FindsTheStateThatWasHandedOver()
    {
        const int Sessions = 12;
        await using var cluster = StateApplication.Cluster(await redis.ConfigurationAsync(), sticky => sticky.ConfigurePolicy(policy =>
        {
            policy.Method = StickyMethod.Rewrite;
            policy.Sources.Add(new() { Kind = StickyTokenSourceKind.Header, Name = "X-App" });
        }));
        var nodes = await cluster.StartAsync("web-1", "web-2", "web-3");
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        var tokens = new List<string>();
        for (var i = 0; i < Sessions; i++)
        {
            using var answer = await http.PostAsync(new Uri(nodes[0].Address, "/token/apple"), content: null, TestContext.Current.CancellationToken);
            tokens.Add(Assert.Single(answer.Headers.GetValues("X-App")).Split('~')[0]);
        }

        await nodes[0].StopAsync();

        foreach (var token in tokens)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(nodes[1].Address, "/basket"));
            request.Headers.Add("X-App", token);
            using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal("apple", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
    }
}
