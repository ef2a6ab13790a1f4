using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Redis;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Startup;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>What clients see of a node that joined when Redis had forgotten all others, and they had not beaten since.</summary>
public sealed class UnsettledViewRequestsTests(GarnetServerFixture server)
{
    private readonly string _cluster = $"test-{Guid.NewGuid():n}";

    [Fact]
    public async Task SessionOfANodeThatRedisForgot_IsNotClaimedByAJoiner()
    {
        var redis = await server.ConfigurationAsync();
        await using var owner = await TestApp.StartAsync(Node("owner", redis));
        await using var other = await TestApp.StartAsync(Node("other", redis));
        var first = await owner.GetAsync("/session");

        Connections(owner).IsSevered = true;
        Connections(other).IsSevered = true;
        await Eventually.Async(() => new[] { owner, other }.All(node => Membership(node).Degradation is not null));
        await Connections(owner).Records.GetDatabase().KeyDeleteAsync(ViewKeys.All(Connections(owner)));
        await using var joiner = await TestApp.StartAsync(Node("joiner", redis));

        var early = await joiner.GetAsync("/session", first.Cookie);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, early.Status);
        Assert.Contains("owner-unknown", early.Body, StringComparison.Ordinal);

        Connections(owner).IsSevered = false;
        Connections(other).IsSevered = false;
        await Eventually.Async(() => Membership(joiner).View.Nodes.Length == 3);
        var late = await joiner.GetAsync("/session", first.Cookie);
        Assert.Equal((HttpStatusCode.OK, first.Body), (late.Status, late.Body));
        Assert.Empty(joiner.Services.GetRequiredService<HeldSessions>().All());
        Assert.Equal(1u, Assert.Single(owner.Services.GetRequiredService<HeldSessions>().All()).Epoch);
    }

    private static SeverableConnections Connections(TestApp node) => (SeverableConnections)node.Services.GetRequiredService<IRedisConnections>();

    private static IClusterMembership Membership(TestApp node) => node.Services.GetRequiredService<IClusterMembership>();

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
            ["Redis:Lease"] = "00:00:30",
        },
        AfterAdd = builder => builder.Services.AddSingleton<IRedisConnections>(provider =>
            new SeverableConnections(new RedisConnections(provider.GetRequiredService<IOptions<StickyRedisOptions>>()))),
    };
}
