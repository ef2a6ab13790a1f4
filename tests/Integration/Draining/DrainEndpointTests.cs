using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Placement;

namespace StickySessions.Tests.Integration.Draining;

/// <summary>What a hook that runs before the process is stopped can do.</summary>
public sealed class DrainEndpointTests(GarnetServerFixture redis)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Post_IsAnsweredAtOnce_AndTheNodeStays()
    {
        await using var cluster = await ClusterAsync(drainDelay: TimeSpan.FromMinutes(5));
        var node = (await cluster.StartAsync("web-1", "web-2"))[0];
        using var client = new HttpClient { BaseAddress = node.Address };

        using var answer = await client.PostAsync("/drain", null, Cancelled);

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Set-Cookie"));
        Assert.True(node.Services.GetRequiredService<NodeStage>().IsDraining);
        await Eventually.Async(async () => await client.GetStringAsync("/new-session", Cancelled) == "web-2", "new sessions begin elsewhere");
        Assert.False(IsStopping(node));
    }

    [Fact]
    public async Task PostThatWaits_IsAnsweredAfterTheDrain_AndAStopThenIsQuick()
    {
        await using var cluster = await ClusterAsync(drainDelay: TimeSpan.FromSeconds(1));
        var node = (await cluster.StartAsync("web-1", "web-2"))[0];
        using var client = new HttpClient { BaseAddress = node.Address };

        var answering = client.PostAsync("/drain?wait=true", null, Cancelled);
        await Eventually.Async(() => node.Services.GetRequiredService<NodeStage>().IsDraining, "it drains");
        Assert.False(answering.IsCompleted);
        using var answer = await answering;

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.False(IsStopping(node));
        Assert.False(node.Services.GetRequiredService<NodeStage>().HasLeft);
        Assert.Equal("web-2", await client.GetStringAsync("/still-forwards", Cancelled));

        // The signal that follows the hook is the first one.
        var lifetime = node.Services.GetRequiredService<IHostApplicationLifetime>();
        lifetime.StopApplication();
        await Eventually.Async(() => IsStopping(node), "it stops");
        Assert.True(node.Services.GetRequiredService<NodeStage>().HasLeft);
    }

    [Fact]
    public async Task PostThatStops_DrainsFirst()
    {
        await using var cluster = await ClusterAsync(drainDelay: TimeSpan.Zero);
        var node = (await cluster.StartAsync("web-1", "web-2"))[0];
        using var client = new HttpClient { BaseAddress = node.Address };

        using var answer = await client.PostAsync("/drain?wait=true&stop=true", null, Cancelled);

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        await Eventually.Async(() => IsStopping(node), "it stops");
    }

    [Theory]
    [InlineData("192.0.2.7", null)]
    [InlineData(null, null)]
    [InlineData("127.0.0.1", "cross-site")]
    public async Task PostByOthers_Is403AndNothingHappens(string? client, string? site)
    {
        await using var cluster = await ClusterAsync(TimeSpan.Zero, client is null ? null : IPAddress.Parse(client));
        var node = (await cluster.StartAsync("web-1"))[0];
        using var http = new HttpClient { BaseAddress = node.Address };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/drain");
        if (site is not null)
        {
            request.Headers.Add("Sec-Fetch-Site", site);
        }

        using var answer = await http.SendAsync(request, Cancelled);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal("drain-refused", problem.RootElement.GetProperty("reason").GetString());
        Assert.False(node.Services.GetRequiredService<NodeStage>().IsDraining);
    }

    [Fact]
    public async Task PostByWhomTheApplicationAllows_Drains()
    {
        await using var cluster = await ClusterAsync(TimeSpan.Zero, IPAddress.Parse("192.0.2.7"));
        var node = (await cluster.StartAsync("web-1"))[0];
        using var client = new HttpClient { BaseAddress = node.Address };

        using var answer = await client.PostAsync("/drain-for-all", null, Cancelled);

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.True(node.Services.GetRequiredService<NodeStage>().IsDraining);
    }

    private static bool IsStopping(PlacementNode node)
        => node.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested;

    private Task<PlacementCluster> ClusterAsync(TimeSpan drainDelay) => ClusterAsync(drainDelay, IPAddress.Loopback);

    private async Task<PlacementCluster> ClusterAsync(TimeSpan drainDelay, IPAddress? client)
        => new(await redis.ConfigurationAsync())
        {
            Configure = sticky =>
            {
                sticky.ConfigureNode(node => (node.DrainDelay, node.DrainTimeout) = (drainDelay, TimeSpan.FromMinutes(10)));
                sticky.Services.AddSingleton<IStartupFilter>(new ClientAddress(client));
            },
            Map = app =>
            {
                app.MapStickySessionsDrain("/drain");
                app.MapStickySessionsDrain("/drain-for-all", _ => true);
            },
        };

    /// <summary>Lets every request come from another address than it does.</summary>
    private sealed class ClientAddress(IPAddress? address) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, pipeline) =>
            {
                context.Connection.RemoteIpAddress = address;
                return pipeline(context);
            });
            next(app);
        };
    }
}
