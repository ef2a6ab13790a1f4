using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Placement;

namespace StickySessions.Tests.Integration.Draining;

/// <summary>Who asks for a stop, and when the application hears of it.</summary>
public sealed class StopGateTests(GarnetServerFixture redis)
{
    private static readonly TimeSpan Forever = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task StopByTheApplication_FirstDrainsThenStops()
    {
        await using var cluster = await ClusterAsync(TimeSpan.FromSeconds(1));
        var node = (await cluster.StartAsync("web-1", "web-2"))[0];
        var lifetime = node.Services.GetRequiredService<IHostApplicationLifetime>();
        var stage = node.Services.GetRequiredService<NodeStage>();
        var hadLeft = new TaskCompletionSource<bool>();
        await using var registration = lifetime.ApplicationStopping.Register(() => hadLeft.SetResult(stage.HasLeft));

        lifetime.StopApplication();

        Assert.True(stage.IsDraining);
        Assert.False(lifetime.ApplicationStopping.IsCancellationRequested);
        Assert.True(await hadLeft.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task SecondStop_CutsTheDrainShort_ButOneThatFollowsAtOnceDoesNot()
    {
        await using var cluster = await ClusterAsync(Forever);
        var node = (await cluster.StartAsync("web-1", "web-2"))[0];
        var lifetime = node.Services.GetRequiredService<IHostApplicationLifetime>();

        lifetime.StopApplication();
        lifetime.StopApplication();
        Assert.False(lifetime.ApplicationStopping.IsCancellationRequested);

        await Eventually.Async(
            () =>
            {
                lifetime.StopApplication();
                return lifetime.ApplicationStopping.IsCancellationRequested;
            },
            "the application is told to stop");
        Assert.True(node.Services.GetRequiredService<NodeStage>().HasLeft);
    }

    [Fact]
    public async Task HostThatIsStoppedWhileItDrains_WaitsForThatDrain()
    {
        await using var cluster = await ClusterAsync(TimeSpan.FromSeconds(1));
        var node = (await cluster.StartAsync("web-1", "web-2"))[0];
        var lifetime = node.Services.GetRequiredService<IHostApplicationLifetime>();
        var stage = node.Services.GetRequiredService<NodeStage>();
        var hadLeft = new TaskCompletionSource<bool>();
        await using var registration = lifetime.ApplicationStopping.Register(() => hadLeft.SetResult(stage.HasLeft));

        lifetime.StopApplication();
        await node.StopAsync();

        Assert.True(await hadLeft.Task);
    }

    [Fact]
    public void StopBeforeItServes_TakesEffectAtOnce()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddStickySessions();
        using var host = builder.Build();
        var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();

        lifetime.StopApplication();

        Assert.True(lifetime.ApplicationStopping.IsCancellationRequested);
    }

    private async Task<PlacementCluster> ClusterAsync(TimeSpan drainDelay)
        => new(await redis.ConfigurationAsync())
        {
            Configure = sticky => sticky.ConfigureNode(node => (node.DrainDelay, node.DrainTimeout) = (drainDelay, 2 * Forever)),
        };
}
