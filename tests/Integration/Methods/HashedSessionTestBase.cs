using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Ownership;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>Clients that name a user with each request, whose session lives where the user's name says.</summary>
public abstract class HashedSessionTestBase(GarnetServerFixture garnet)
{
    private protected static readonly TimeSpan Idle = TimeSpan.FromSeconds(2);

    private protected async Task<TokenCluster> StartAsync(Action<Policies.StickyPolicyOptions> policy, params string[] names)
        => await TokenCluster.StartAsync(await garnet.ConfigurationAsync(), policy, names.Length == 0 ? null : names);

    private protected async Task<TokenCluster> StartAsync(
        Action<Policies.StickyPolicyOptions> policy, Action<IStickySessionsBuilder> sticky, Action<WebApplication> map, params string[] names)
        => await TokenCluster.StartAsync(await garnet.ConfigurationAsync(), policy, names, sticky, map);

    private protected static string HomeOf(TokenCluster cluster, string user)
        => cluster.Of<HashHomes>("web-1").Slots.HomeOf(cluster.IdOf(user))!.Name;

    /// <summary>Users and the owners of their sessions; the requests enter at one node after the other.</summary>
    private protected static async Task<Dictionary<string, string>> BeginAsync(TokenCluster cluster, int users)
    {
        var owners = new Dictionary<string, string>();
        for (var i = 0; i < users; i++)
        {
            owners[$"user-{i}"] = (await cluster.GetAsync(cluster.Nodes[i % cluster.Nodes.Length], "/owner", user: $"user-{i}")).Body;
        }

        return owners;
    }

    private protected static async Task UseForAsync(TokenCluster cluster, string node, string user, TimeSpan howLong)
    {
        var watch = Stopwatch.StartNew();
        await Eventually.Async(async () =>
        {
            var answer = await cluster.GetAsync(node, "/owner", user: user);
            Assert.Equal((HttpStatusCode.OK, node), (answer.Status, answer.Body));
            return watch.Elapsed > howLong;
        }, "the session was used for a while");
    }
}
