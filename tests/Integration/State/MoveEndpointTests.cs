using System.Net;
using System.Text.Json;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Placement;

namespace StickySessions.Tests.Integration.State;

/// <summary>Whoever runs the nodes can move one session.</summary>
public sealed class MoveEndpointTests(RedisServerFixture redis)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Session_Moved_GoesOnAtTheOtherNodeWithItsState(bool inRedis)
    {
        await using var cluster = StateApplication.Cluster(inRedis ? await redis.ConfigurationAsync() : null);
        var nodes = await cluster.StartAsync("web-1", "web-2");
        using var client = new StateClient();
        await client.PostAsync(nodes[0], "/basket/apple");
        var id = nodes[0].Held.All().Single().Id;

        Assert.Equal((HttpStatusCode.NoContent, null, null), await MoveAsync(nodes[0], id.ToString(), "web-2"));

        Assert.Empty(nodes[0].Held.All());
        Assert.Equal(id, Assert.Single(nodes[1].Held.All()).Id);
        Assert.Equal("apple", await client.GetAsync(nodes[0], "/basket"));
        Assert.Equal((HttpStatusCode.Conflict, "session-elsewhere", "web-2"), await MoveAsync(nodes[0], id.ToString(), "web-2"));
    }

    [Theory]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAA", "web-2", HttpStatusCode.NotFound, "session-unknown")]
    [InlineData("no-id", "web-2", HttpStatusCode.NotFound, "session-unknown")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAA", "web-1", HttpStatusCode.BadRequest, "node-unknown")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAA", "web-9", HttpStatusCode.BadRequest, "node-unknown")]
    public async Task WrongQuestion_IsAnsweredWithItsReason(string session, string to, HttpStatusCode status, string reason)
    {
        await using var cluster = StateApplication.Cluster(await redis.ConfigurationAsync());
        var nodes = await cluster.StartAsync("web-1", "web-2");

        var answer = await MoveAsync(nodes[0], session, to);

        Assert.Equal((status, reason), (answer.Status, answer.Reason));
    }

    private static async Task<(HttpStatusCode Status, string? Reason, string? Node)> MoveAsync(PlacementNode node, string session, string to)
    {
        using var client = new HttpClient();
        using var response = await client.PostAsync(
            new Uri(node.Address, $"/ops/sessions/{session}/move?to={to}"), content: null, TestContext.Current.CancellationToken);
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        if (body.Length == 0)
        {
            return (response.StatusCode, null, null);
        }

        using var problem = JsonDocument.Parse(body);
        return (
            response.StatusCode,
            problem.RootElement.GetProperty("reason").GetString(),
            problem.RootElement.TryGetProperty("node", out var named) ? named.GetString() : null);
    }
}
