using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Ownership;

/// <summary>Nodes on a Redis that does not remember everything, and clients whose sessions must not suffer from it.</summary>
internal sealed class DoubtTestCluster(StickyTestCluster cluster) : IAsyncDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseCookies = false });

    public static async Task<DoubtTestCluster> StartAsync(
        string redis, int nodes = 2, Action<WebApplicationBuilder>? configure = null, Action<IStickySessionsBuilder>? sticky = null) => new(
        await StickyTestCluster.StartAsync(new StickyTestClusterOptions
        {
            Redis = redis,
            Nodes = nodes,
            ConfigureBuilder = configure ?? (_ => { }),
            ConfigureSticky = sticky ?? (_ => { }),
            AfterSticky = app =>
            {
                app.MapGet("/", (HttpContext context) => context.Features.GetRequiredFeature<IStickySessionFeature>().Owner);
                app.MapGet("/end", (HttpContext context) => context.Features.GetRequiredFeature<IStickySessionFeature>().End());
            },
        }));

    public StickyTestNode this[int index] => cluster[index];

    public T Of<T>(int node)
        where T : notnull
        => cluster[node].Services.GetRequiredService<T>();

    /// <summary>The one session that a node holds.</summary>
    public HeldSession HeldBy(int node) => Assert.Single(Of<HeldSessions>(node).All());

    /// <summary>The record of a session; none either while Redis is away.</summary>
    public async Task<OwnershipRecord?> RecordAsync(int node, SessionId session)
    {
        try
        {
            return await Of<IOwnershipDirectory>(node).ReadAsync(session, TestContext.Current.CancellationToken);
        }
        catch (DirectoryUnavailableException)
        {
            return null;
        }
    }

    /// <summary>Who owned the session of the request; "503 …" if nobody answered.</summary>
    public async Task<string> GetAsync(int node, string cookie, string path = "/")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(cluster[node].Http, path));
        request.Headers.Add("Cookie", cookie);
        using var answer = await _client.SendAsync(request, TestContext.Current.CancellationToken);
        var content = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return answer.IsSuccessStatusCode ? content : $"{(int)answer.StatusCode} {content}";
    }

    /// <summary>A session that has changed its owner: node 2 of the cluster claimed it when node 1 had stopped.</summary>
    /// <returns>Its old cookie.</returns>
    public async Task<string> ClaimedSessionAsync()
    {
        var cookie = await cluster[0].StartSessionAsync();
        await cluster[0].StopAsync();
        Assert.Equal("node-2", await GetAsync(1, cookie));
        Assert.Equal(2u, HeldBy(1).Epoch);
        return cookie;
    }

    /// <summary>Another node claims what the first one holds, as it does when that one cannot be seen.</summary>
    public async Task<SessionId> StolenAsync()
    {
        var session = HeldBy(0).Id;
        var result = await Of<IOwnershipDirectory>(1).ClaimAsync(
            session, Of<IClusterMembership>(0).Self.Tag, 1, Of<IClusterMembership>(1).Self.Tag, TestContext.Current.CancellationToken);
        Assert.Equal((ClaimStatus.Owned, 2u), (result.Status, result.Epoch));
        return session;
    }

    public Task SeesRedisAsync(bool away) => Eventually.Async(
        () => cluster.Nodes.All(node => node.IsStopping || node.Services.GetRequiredService<IClusterMembership>().Degradation is not null == away),
        away ? "all nodes notice that Redis is away" : "all nodes notice that Redis is back");

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await cluster.DisposeAsync();
    }
}
