using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.NamedPolicies;

/// <summary>A deployment under way: one node knows path prefixes, and a policy, that the other does not.</summary>
public sealed class DifferingNodesTests(GarnetServerFixture garnet)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ForwardedRequest_UnderAPathOfThePolicyOnlyAtTheIngressNode_RunsInItsSession()
    {
        await using var cluster = await ClusterAsync();
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        using var begun = await client.GetAsync(new Uri(cluster[1].Http, "/begin"), Cancellation);
        var cookie = Assert.Single(begun.Headers.GetValues("Set-Cookie")).Split(';')[0];
        Assert.StartsWith(".StickySession.chat=", cookie, StringComparison.Ordinal);

        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(cluster[0].Http, "/chat/room"));
        request.Headers.Add("Cookie", cookie);
        using var answer = await client.SendAsync(request, Cancellation);

        var session = await begun.Content.ReadAsStringAsync(Cancellation);
        Assert.EndsWith("at node-2", session, StringComparison.Ordinal);
        Assert.Equal(session, await answer.Content.ReadAsStringAsync(Cancellation));
    }

    [Fact]
    public async Task ForwardedRequest_OfAPolicyThatTheOwnerDoesNotKnow_FallsUnderWhatTheOwnerKnows()
    {
        await using var cluster = await ClusterAsync();
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false });

        using var answer = await client.GetAsync(new Uri(cluster[0].Http, "/fresh"), Cancellation);

        Assert.Equal("none at node-2", await answer.Content.ReadAsStringAsync(Cancellation));
    }

    /// <summary>Node 1 is the new version; new sessions go to node 2 where their placement looks at weights.</summary>
    private async Task<StickyTestCluster> ClusterAsync()
    {
        var nodes = 0;
        return await StickyTestCluster.StartAsync(new StickyTestClusterOptions
        {
            Redis = await garnet.ConfigurationAsync(),
            ConfigureSticky = sticky =>
            {
                var isNew = ++nodes == 1;
                sticky
                    .ConfigureNode(node => (node.Weight, node.SlowStart) = (isNew ? 1 : 10_000, TimeSpan.Zero))
                    .ConfigurePolicy(policy => policy.StickyByDefault = false)
                    .AddPolicy("chat", _ => { });
                if (isNew)
                {
                    sticky
                        .AddPolicy("chat", chat => chat.PathPrefixes.Add("/chat"))
                        .AddPolicy("fresh", fresh =>
                        {
                            fresh.PathPrefixes.Add("/fresh");
                            fresh.Placement = PlacementStrategy.Hash;
                        });
                }
            },
            AfterSticky = app =>
            {
                app.MapGet("/begin", SessionOf).RequireStickySession("chat");
                app.MapGet("/chat/room", SessionOf);
                app.MapGet("/fresh", SessionOf);
            },
        });
    }

    private static string SessionOf(HttpContext context)
    {
        var name = context.RequestServices.GetRequiredService<IClusterMembership>().Self.Name;
        return $"{context.Features.Get<IStickySessionFeature>()?.SessionId ?? "none"} at {name}";
    }
}
