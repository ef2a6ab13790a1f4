using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Placement;

namespace StickySessions.Tests.Integration.Fencing;

/// <summary>A request that waits for its turn at a full owner: what was true when it came need not be true when it is let in.</summary>
public sealed class QueuedRequestTests(GarnetServerFixture redis) : IAsyncLifetime
{
    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PlacementCluster _cluster = null!;
    private PlacementNode[] _nodes = [];
    private int _holding;
    private int _ran;

    public async ValueTask InitializeAsync()
    {
        _cluster = new PlacementCluster(await redis.ConfigurationAsync())
        {
            Configure = sticky =>
            {
                sticky.ConfigureNode(node => (node.MaxRequests, node.WhenFull, node.QueueTimeout) = (1, FullNodeBehavior.Queue, TimeSpan.FromMinutes(5)));

                // The cluster does not know of the expiry that these tests make up, so there is no former tag to claim from.
                sticky.Services.Remove(sticky.Services.Single(service => service.ImplementationType == typeof(ReturnedNodeClaims)));
            },
            Map = app =>
            {
                app.MapGet("/hold", async () =>
                {
                    Interlocked.Increment(ref _holding);
                    await _release.Task;
                });
                app.MapGet("/run", () => Interlocked.Increment(ref _ran));
            },
        };
        _nodes = await _cluster.StartAsync("web-1", "web-2");
    }

    public async ValueTask DisposeAsync()
    {
        _release.TrySetResult();
        await _cluster.DisposeAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task LeaseRunsOut_WhileItWaits_DoesNotRun(int ingress)
    {
        var (held, waiting, session) = await WaitInLineAsync(ingress);

        _nodes[0].Services.GetRequiredService<IClusterMembership>().Lease.Expire();
        _release.SetResult();

        AssertUnavailable("lease-expired", await waiting);
        Assert.Equal(0, _ran);
        AssertUnavailable("lease-expired", await held);
        await Eventually.Async(() => session.Running == 0, "both have left the session");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task SessionLost_WhileItWaits_DoesNotRun(int ingress)
    {
        var (held, waiting, session) = await WaitInLineAsync(ingress);

        _nodes[0].Held.Drop(session);
        await Assert.ThrowsAsync<HttpRequestException>(() => held);
        _release.SetResult();

        AssertUnavailable("owner-unknown", await waiting);
        Assert.Equal(0, _ran);
        await Eventually.Async(() => session.Running == 0, "both have left the session");
    }

    private static void AssertUnavailable(string reason, Answer answer)
    {
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.Contains($"\"reason\":\"{reason}\"", answer.Body, StringComparison.Ordinal);
    }

    /// <summary>One request of a session runs at its owner, and another one waits for it.</summary>
    private async Task<(Task<Answer> Held, Task<Answer> Waiting, HeldSession Session)> WaitInLineAsync(int ingress)
    {
        var cookie = (await _nodes[0].GetAsync()).Cookie;
        var session = Assert.Single(_nodes[0].Held.All());
        var held = _nodes[0].GetAsync("/hold", cookie);
        await Eventually.Async(() => Volatile.Read(ref _holding) == 1, "the request runs");
        var waiting = _nodes[ingress].GetAsync("/run", cookie);
        await Eventually.Async(() => _nodes[0].Services.GetRequiredService<RequestLimit>().Waiting == 1, "the other one waits");
        return (held, waiting, session);
    }
}
