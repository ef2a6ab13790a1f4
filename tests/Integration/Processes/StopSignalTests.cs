using System.Diagnostics;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Processes;

/// <summary>SIGTERM at real processes: the application works until the node has drained, unless it is told again.</summary>
[Collection(nameof(ProcessTests))]
public sealed class StopSignalTests(RedisServerFixture redis)
{
    private const string ApplicationStopping = "Application is shutting down";
    private const string HasLeft = "has left the cluster";

    private static readonly (string, string) TellsWhenItStops = ("Logging__LogLevel__Microsoft.Hosting.Lifetime", "Information");

    [Fact]
    public async Task Sigterm_ServesWhileItDrains_ThenStopsTheApplication()
    {
        await using var cluster = await ShopClusterOfProcesses.StartAsync(
            await redis.ConfigurationAsync(), 2, TellsWhenItStops, ("StickySessions__Node__DrainDelay", "00:00:04"));
        var (stopping, other) = (cluster.Nodes[0], cluster.Nodes[1]);
        using var shopper = new Shopper();
        var first = await shopper.AddAsync(stopping.Address, TestContext.Current.CancellationToken);

        stopping.Terminate();
        await UntilItDrainsAsync(stopping);
        for (var item = 2; item <= 20; item++)
        {
            var seen = await shopper.AddAsync(stopping.Address, TestContext.Current.CancellationToken);
            Assert.Equal((item, first.Session), (seen.Count, seen.Session));
        }

        // All of that while the application had not heard of it.
        Assert.DoesNotContain(stopping.Output, line => line.Contains(ApplicationStopping, StringComparison.Ordinal));
        await stopping.WaitForExitAsync();

        Assert.Equal(0, stopping.ExitCode);
        Assert.Equal([HasLeft, ApplicationStopping], Milestones(stopping));
        await shopper.LookAsync(other.Address, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task SecondSigterm_CutsTheDrainShort()
    {
        var delay = TimeSpan.FromSeconds(60);
        await using var cluster = await ShopClusterOfProcesses.StartAsync(
            await redis.ConfigurationAsync(), 2, TellsWhenItStops,
            ("StickySessions__Node__DrainDelay", $"{delay}"), ("StickySessions__Node__DrainTimeout", "00:02:00"));
        var stopping = cluster.Nodes[0];
        var since = Stopwatch.GetTimestamp();

        stopping.Terminate();
        await UntilItDrainsAsync(stopping);
        await Eventually.Async(() => Stopwatch.GetElapsedTime(since) > TimeSpan.FromSeconds(1), "it is not taken for the first signal");
        stopping.Terminate();
        await stopping.WaitForExitAsync();

        Assert.Equal(0, stopping.ExitCode);
        Assert.InRange(Stopwatch.GetElapsedTime(since), TimeSpan.Zero, delay / 2);
        Assert.Equal([HasLeft, ApplicationStopping], Milestones(stopping));
        Assert.Contains(stopping.Output, line => line.Contains("was cut short", StringComparison.Ordinal));
    }

    private static async Task UntilItDrainsAsync(ShopNodeProcess node)
    {
        using var client = new HttpClient();
        await Eventually.Async(async () => !await node.IsReadyAsync(client), "the node is not ready any more");
        Assert.False(node.HasExited);
    }

    private static IEnumerable<string> Milestones(ShopNodeProcess node)
        => node.Output.SelectMany(line => new[] { HasLeft, ApplicationStopping }.Where(milestone => line.Contains(milestone, StringComparison.Ordinal)));
}
