using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>Nodes that did not see each other have both begun a hashed session. Once they do, one of them has it.</summary>
public sealed class DoubleSessionTests
{
    private readonly Cut _cut = new();

    [Fact]
    public async Task SessionThatTwoNodesBegan_OnceTheySeeEachOther_IsWhereItBeganFirst()
    {
        await using var cluster = await StartAsync("web-1", "web-2");
        await CutAsync(cluster);
        var doubles = await BeginAsync(cluster, Enumerable.Range(0, 20).ToDictionary(i => $"double-{i}", i => i % 2 == 0 ? new[] { "web-1", "web-2" } : ["web-2", "web-1"]));
        var singles = await BeginAsync(cluster, Enumerable.Range(0, 20).ToDictionary(i => $"single-{i}", i => new[] { i % 2 == 0 ? "web-1" : "web-2" }));

        await HealAsync(cluster);

        await AssertOneHolderAsync(cluster, doubles);
        await AssertOneHolderAsync(cluster, singles);
    }

    [Fact]
    public async Task SessionThatTwoNodesBegan_NeitherOfWhichIsItsHome_IsWhereItBeganFirst()
    {
        await using var cluster = await StartAsync("web-1", "web-2", "web-3");
        var users = Enumerable.Range(0, 60).Select(i => $"user-{i}").Where(user => HomeOf(cluster, user) == "web-3").Take(10).ToArray();
        await CutAsync(cluster);
        var doubles = await BeginAsync(cluster, users.ToDictionary(user => user, user => users.IndexOf(user) % 2 == 0 ? new[] { "web-1", "web-2" } : ["web-2", "web-1"]));

        await HealAsync(cluster);
        // The home finds either, and remembers it.
        await Task.WhenAll(users.Select(user => cluster.GetAsync("web-3", "/owner", user: user)));

        await AssertOneHolderAsync(cluster, doubles);
    }

    private static async Task AssertOneHolderAsync(TokenCluster cluster, Dictionary<string, string> owners)
    {
        foreach (var (user, owner) in owners)
        {
            await Eventually.Async(() => cluster.HoldersOf(cluster.IdOf(user)).SequenceEqual([owner]), $"only {owner} holds the session of {user}", TimeSpan.FromSeconds(20));
        }

        foreach (var (user, owner) in owners)
        {
            Assert.Equal(owner, await cluster.OwnerAsync(user: user));
            Assert.Equal([owner], cluster.HoldersOf(cluster.IdOf(user)));
        }
    }

    /// <returns>Users, and where their sessions began first.</returns>
    private static async Task<Dictionary<string, string>> BeginAsync(TokenCluster cluster, Dictionary<string, string[]> users)
    {
        foreach (var (user, nodes) in users)
        {
            foreach (var node in nodes)
            {
                var answer = await cluster.GetAsync(node, "/owner", user: user);
                Assert.Equal((HttpStatusCode.OK, node), (answer.Status, answer.Body));
            }

            Assert.Equal(nodes.Order(), cluster.HoldersOf(cluster.IdOf(user)).Order());
        }

        return users.ToDictionary(pair => pair.Key, pair => pair.Value[0]);
    }

    private async Task CutAsync(TokenCluster cluster)
    {
        _cut.IsCut = true;
        await Eventually.Async(() => cluster.Nodes.All(node => cluster.Of<IClusterMembership>(node.Name).View.Nodes.Length == 1), "each node is alone");
    }

    private async Task HealAsync(TokenCluster cluster)
    {
        _cut.IsCut = false;
        await cluster.UntilAllSeeAsync([.. cluster.Nodes.Select(node => node.Name)]);
    }

    private static string HomeOf(TokenCluster cluster, string user) => cluster.Of<HashHomes>("web-1").Slots.HomeOf(cluster.IdOf(user))!.Name;

    private Task<TokenCluster> StartAsync(params string[] names)
        => TokenCluster.StartAsync(
            redis: null,
            TokenCluster.ByUser(),
            names,
            sticky => sticky.Services.AddHttpClient("StickySessions").AddHttpMessageHandler(() => new CuttableHandler(_cut)));

    private sealed class Cut
    {
        private volatile bool _isCut;

        public bool IsCut
        {
            get => _isCut;
            set => _isCut = value;
        }
    }

    private sealed class CuttableHandler(Cut cut) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
            => cut.IsCut
                ? throw new HttpRequestException(HttpRequestError.ConnectionError, "cut by the test", new SocketException((int)SocketError.ConnectionRefused))
                : base.SendAsync(request, cancellationToken);
    }
}
