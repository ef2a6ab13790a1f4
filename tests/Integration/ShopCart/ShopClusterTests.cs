using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ShopCart.Cli;
using ShopCart.Cluster;
using ShopCart.Prove;
using StickySessions.Tests.Integration.Processes;

namespace StickySessions.Tests.Integration.ShopCart;

/// <summary>Real processes, as <c>dotnet run --project samples/ShopCart</c> starts them.</summary>
[Collection(nameof(ProcessTests))]
public class ShopClusterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Cluster_WithoutStickySessions_LosesCartsAndLeavesNoProcess()
    {
        List<int> processes;
        await using (var cluster = await StartAsync(new ClusterCommand { Nodes = 2, Port = 0, Sticky = false }))
        {
            processes = [.. cluster.Nodes.Select(node => node.Id)];
            using var visitor = Visitor();

            Assert.Equal(["web-1", "web-2"], (await OwnersAsync(visitor, cluster, 4)).Distinct().Order());
        }

        Assert.All(processes, id => Assert.Throws<ArgumentException>(() => Process.GetProcessById(id)));
    }

    [Fact]
    public async Task Cluster_NodeKilled_SaysSoAndGoesOnWithTheOthers()
    {
        var lines = new TaskCompletionSource<string>();
        var command = new ClusterCommand { Nodes = 2, Port = 0, Sticky = false };
        await using var cluster = await ShopCluster.StartAsync(command, line => lines.TrySetResult(line), Cancelled);
        using var visitor = Visitor();

        using (var process = Process.GetProcessById(cluster.Nodes[0].Id))
        {
            process.Kill();
        }

        Assert.Contains("web-1 ended", await lines.Task.WaitAsync(Patience, Cancelled), StringComparison.Ordinal);
        Assert.Equal(["web-2"], (await OwnersAsync(visitor, cluster, 4)).Distinct());
    }

    [Fact]
    public async Task Cluster_NodeDrained_ExitsWithZero()
    {
        await using var cluster = await StartAsync(new ClusterCommand { Nodes = 2, Port = 0 });
        using var visitor = Visitor();

        var answer = await visitor.PostAsync(new Uri(await cluster.Nodes[1].Address, "/admin/drain"), null, Cancelled);

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal(0, await cluster.Nodes[1].Finished.WaitAsync(Patience, Cancelled));
    }

    [Fact]
    public async Task Cluster_WithTls_ServesTheShopThroughTheBalancer()
    {
        await using var cluster = await StartAsync(new ClusterCommand { Nodes = 2, Port = 0, Tls = true });
        using var visitor = Visitor();

        Assert.Equal("https", cluster.Address.Scheme);
        Assert.Equal(2, (await OwnersAsync(visitor, cluster, 2)).Count);
    }

    [Fact]
    public async Task Node_ThatCannotStart_SaysHowItEnded()
    {
        using var node = new NodeProcess("web-9", ["--no-such-option"], new Dictionary<string, string>(), _ => { });

        var problem = await Assert.ThrowsAsync<InvalidOperationException>(() => node.Address.WaitAsync(Patience, Cancelled));

        Assert.Contains("web-9 ended with exit code 2", problem.Message, StringComparison.Ordinal);
        Assert.Equal(2, await node.Finished);
    }

    [Fact]
    public async Task Row_WithoutStickySessions_CountsWhatIsLost()
    {
        var result = await new Row("nothing", BalancingMethod.RoundRobin, Sticky: false).RunAsync(30, _ => { }, Cancelled);

        Assert.Equal(300, result.Requests);
        Assert.Equal(0, result.Failed);
        Assert.Equal(30, result.CartsWrong);
        Assert.False(result.NothingLost);
    }

    [Fact]
    public async Task Row_WithSourceIp_KeepsAllOnOneNode()
    {
        var result = await new Row("layer-4 persistence", BalancingMethod.SourceIp, Sticky: false).RunAsync(30, _ => { }, Cancelled);

        Assert.True(result.NothingLost);
        Assert.Equal(1.0, result.BusiestShare);
    }

    [Fact]
    public async Task Row_WithANodeKilled_LosesNoAcknowledgedItem()
    {
        var result = await new Row("killed", BalancingMethod.RoundRobin, Sticky: true, Disturbances.KillOneAsync).RunAsync(30, _ => { }, Cancelled);

        Assert.True(result.NothingLost, result.ToString());
        Assert.True(result.Requests > 300, "They shop until it is over.");
        Assert.InRange(result.Failed, 0, 64);
    }

    [Fact]
    public async Task Row_WithAllNodesRestarted_LosesNothingAndFailsNoRequest()
    {
        var lines = new ConcurrentQueue<string>();

        var result = await new Row("restarted", BalancingMethod.RoundRobin, Sticky: true, Disturbances.RestartAllAsync).RunAsync(30, lines.Enqueue, Cancelled);

        Assert.True(result.NothingLost, result.ToString());
        Assert.Equal("", result.DescribeFailures());
        Assert.True(result.Requests > 300, "They shop until it is over.");
        Assert.DoesNotContain(lines, line => line.Contains("was killed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Cluster_NodeRestarted_IsAnotherProcessAtTheSamePlaceWithTheSameCart()
    {
        await using var cluster = await StartAsync(new ClusterCommand { Nodes = 2, Port = 0 });
        using var visitor = Visitor();
        var answer = await visitor.PostAsJsonAsync(new Uri(cluster.Address, "/api/cart/items"), new { sku = "apple", quantity = 2 }, Cancelled);
        var owner = (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("owner").GetString();
        var index = cluster.Nodes.Select(node => node.Name).ToList().IndexOf(owner!);
        var before = cluster.Nodes[index];

        await cluster.RestartAsync(index, Cancelled);

        var after = cluster.Nodes[index];
        Assert.Equal(0, await before.Finished);
        Assert.NotEqual(before.Id, after.Id);
        Assert.Equal(before.Name, after.Name);
        Assert.Equal(await before.Address, await after.Address);
        var cart = await visitor.GetFromJsonAsync<JsonElement>(new Uri(cluster.Address, "/api/cart"), Cancelled);
        Assert.Equal(2, cart.GetProperty("count").GetInt32());
        Assert.NotEqual(owner, cart.GetProperty("owner").GetString());
    }

    [Theory]
    [InlineData("async")]
    [InlineData("before-response")]
    public async Task Node_WithoutRedis_RefusesAStateThatNothingKeeps(string state)
    {
        var lines = new ConcurrentQueue<string>();
        using var node = new NodeProcess(
            "web-1",
            ["--urls", "http://127.0.0.1:0", "--interconnect", "http://127.0.0.1:0", "--peers", "web-2=http://127.0.0.1:1", "--state", state],
            new Dictionary<string, string>(),
            lines.Enqueue);

        Assert.Equal(1, await node.Finished.WaitAsync(Patience, Cancelled));
        Assert.Contains(lines, line => line.Contains("StickySessions:Redis:Configuration, or choose None", StringComparison.Ordinal));
    }

    private static Task<ShopCluster> StartAsync(ClusterCommand command) => ShopCluster.StartAsync(command, _ => { }, Cancelled);

    // Every request on a connection of its own, so that the balancer chooses each time.
    private static HttpClient Visitor() => new(new SocketsHttpHandler
    {
        UseProxy = false,
        PooledConnectionLifetime = TimeSpan.Zero,
        SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=ShopCart demonstration" },
    });

    private static async Task<List<string>> OwnersAsync(HttpClient visitor, ShopCluster cluster, int times)
    {
        var owners = new List<string>();
        for (var i = 0; i < times; i++)
        {
            var cart = await visitor.GetFromJsonAsync<JsonElement>(new Uri(cluster.Address, "/api/cart"), Cancelled);
            owners.Add(cart.GetProperty("owner").GetString()!);
        }

        return owners;
    }
}
