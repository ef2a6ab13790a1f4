using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Redis;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Startup;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>What the clients of a node see that was declared gone and is not let in again.</summary>
public sealed class ExpiredNodeRequestsTests(GarnetServerFixture server)
{
    private readonly string _cluster = $"test-{Guid.NewGuid():n}";

    [Fact]
    public async Task SessionThatOthersOwnNow_IsNotServedFromMemory()
    {
        var redis = await server.ConfigurationAsync();
        await using var expired = await TestApp.StartAsync(Node("web", redis));
        await using var other = await TestApp.StartAsync(Node("other", redis));
        var first = await expired.GetAsync("/session");
        var connections = (SeverableConnections)expired.Services.GetRequiredService<IRedisConnections>();
        var membership = expired.Services.GetRequiredService<IClusterMembership>();

        connections.IsSevered = true;
        await Eventually.Async(() => other.Services.GetRequiredService<IClusterMembership>().View.Nodes.Length == 1);
        await using var namesake = await TestApp.StartAsync(Node("web", redis));
        connections.IsSevered = false;
        await Eventually.Async(() => membership.Degradation?.Contains("another running process", StringComparison.Ordinal) == true);

        var elsewhere = await other.GetAsync("/session", first.Cookie);
        Assert.Equal((HttpStatusCode.OK, first.Body), (elsewhere.Status, elsewhere.Body));
        var here = await expired.GetAsync("/session", first.Cookie);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, here.Status);
        Assert.Contains("not-joined", here.Body, StringComparison.Ordinal);
        var readiness = await expired.GetAsync("/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, readiness.Status);
        Assert.Contains("another running process", readiness.Body, StringComparison.Ordinal);
    }

    private TestAppSetup Node(string name, string redis) => new()
    {
        Sticky = new()
        {
            ["Node:Name"] = name,
            ["Node:DrainDelay"] = "00:00:00",
            ["Keys:Secret"] = "one secret of the whole cluster, long enough",
            ["Interconnect:Url"] = "http://127.0.0.1:0",
            ["Redis:Configuration"] = redis,
            ["Redis:ClusterName"] = _cluster,
            ["Redis:BeatInterval"] = "00:00:00.2",
            ["Redis:Lease"] = "00:00:01",
        },
        AfterAdd = builder => builder.Services.AddSingleton<IRedisConnections>(provider =>
            new SeverableConnections(new RedisConnections(provider.GetRequiredService<IOptions<StickyRedisOptions>>()))),
    };
}
