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
        var result = await new Row("nothing", BalancingMethod.RoundRobin, Sticky: false).RunAsync(30, Cancelled);

        Assert.Equal(300, result.Requests);
        Assert.Equal(0, result.Failed);
        Assert.Equal(30, result.CartsWrong);
        Assert.False(result.NothingLost);
    }

    [Fact]
    public async Task Row_WithSourceIp_KeepsAllOnOneNode()
    {
        var result = await new Row("layer-4 persistence", BalancingMethod.SourceIp, Sticky: false).RunAsync(30, Cancelled);

        Assert.True(result.NothingLost);
        Assert.Equal(1.0, result.BusiestShare);
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
