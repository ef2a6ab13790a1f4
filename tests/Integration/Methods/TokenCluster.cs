using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Placement;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>
/// Nodes of <see cref="ApplicationWithTokens"/> that can be killed and started again, in Redis or configured. Clients say with each request what
/// they send and where; each request has a connection of its own.
/// </summary>
internal sealed class TokenCluster : IAsyncDisposable
{
    public const string UserHeader = "X-User";

    private readonly HttpClient _client = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, MaxConnectionsPerServer = 64 });
    private readonly PlacementCluster _cluster;

    private TokenCluster(PlacementCluster cluster) => _cluster = cluster;

    public PlacementNode[] Nodes { get; private set; } = [];

    /// <param name="redis">The connection string, or null for a cluster of configured nodes.</param>
    /// <param name="policy">Sets the policy up.</param>
    /// <param name="names">The nodes that start now.</param>
    /// <param name="sticky">Sets up more.</param>
    /// <param name="map">More endpoints.</param>
    public static async Task<TokenCluster> StartAsync(
        string? redis, Action<StickyPolicyOptions> policy, string[]? names = null, Action<IStickySessionsBuilder>? sticky = null, Action<WebApplication>? map = null)
    {
        var cluster = new TokenCluster(new PlacementCluster(redis)
        {
            Configure = builder =>
            {
                builder.ConfigurePolicy(policy);
                sticky?.Invoke(builder);
            },
            Map = app =>
            {
                new ApplicationWithTokens().Map(app);
                map?.Invoke(app);
            },
        });
        try
        {
            cluster.Nodes = await cluster._cluster.StartAsync(names ?? ["web-1", "web-2", "web-3"]);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public static Action<StickyPolicyOptions> ByCookie(StickyMethod method, TimeSpan? idle = null)
        => policy => Use(policy, method, StickyTokenSourceOptions.Cookie(ApplicationWithTokens.Cookie), idle);

    public static Action<StickyPolicyOptions> ByUser(TimeSpan? idle = null, double? loadFactor = null) => policy =>
    {
        Use(policy, StickyMethod.Hash, StickyTokenSourceOptions.Header(UserHeader), idle);
        policy.LoadFactor = loadFactor;
    };

    /// <summary>Starts one more, or one of those that were killed.</summary>
    public async Task StartAsync(string name) => Nodes = await _cluster.StartAsync(name);

    public PlacementNode Named(string name) => Nodes.Last(node => node.Name == name && !node.IsKilled);

    public T Of<T>(string node)
        where T : notnull
        => Named(node).Services.GetRequiredService<T>();

    /// <summary>The session of a token, as all nodes derive it.</summary>
    public SessionId IdOf(string token)
        => ApplicationSessionId.Derive(Nodes[0].Services.GetRequiredService<IClusterKeys>().Current.Current, StickyPolicy.DefaultName, token);

    public Task<TokenAnswer> GetAsync(string node, string path, string? cookies = null, string? user = null)
        => GetAsync(Named(node), path, cookies, user);

    public async Task<TokenAnswer> GetAsync(PlacementNode node, string path, string? cookies = null, string? user = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(node.Address, path));
        request.Headers.ConnectionClose = true;
        if (cookies is not null)
        {
            request.Headers.Add("Cookie", cookies);
        }

        if (user is not null)
        {
            request.Headers.Add(UserHeader, user);
        }

        using var response = await _client.SendAsync(request, TestContext.Current.CancellationToken);
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        string[] given = response.Headers.TryGetValues("Set-Cookie", out var values) ? [.. values] : [];
        return new TokenAnswer(response.StatusCode, body, given);
    }

    /// <summary>The same request at each node at the same moment.</summary>
    /// <returns>The owner, which must be one.</returns>
    public async Task<string> OwnerAsync(string? cookies = null, string? user = null)
    {
        var answers = await Task.WhenAll(Nodes.Where(node => !node.IsKilled).Select(node => GetAsync(node, "/owner", cookies, user)));
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        return Assert.Single(answers.Select(answer => answer.Body).Distinct());
    }

    public Task UntilAllSeeAsync(params string[] names) => Eventually.Async(
        () => Nodes.Where(node => !node.IsKilled).All(node => node.Services.GetRequiredService<StickySessions.Cluster.IClusterMembership>().View.Nodes
            .Where(other => other.State == StickySessions.Cluster.NodeState.Active).Select(other => other.Name).Order().SequenceEqual(names.Order())),
        $"all nodes see {string.Join(", ", names)}");

    /// <summary>Until the session has idled out everywhere.</summary>
    public Task UntilForgottenAsync(SessionId session) => Eventually.Async(
        () => Nodes.Where(node => !node.IsKilled).All(node => node.Held.Find(session) is null), "nobody holds the session");

    /// <summary>Who holds the session.</summary>
    public string[] HoldersOf(SessionId session) => [.. Nodes.Where(node => !node.IsKilled && node.Held.Find(session) is { IsEnded: false }).Select(node => node.Name)];

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _cluster.DisposeAsync();
    }

    private static void Use(StickyPolicyOptions policy, StickyMethod method, StickyTokenSourceOptions source, TimeSpan? idle)
    {
        policy.Method = method;
        policy.Sources.Add(source);
        policy.IdleTimeout = idle ?? policy.IdleTimeout;
        policy.FirstRequestTimeout = policy.IdleTimeout < policy.FirstRequestTimeout ? policy.IdleTimeout : policy.FirstRequestTimeout;
    }
}

/// <summary>What a client got.</summary>
internal sealed record TokenAnswer(HttpStatusCode Status, string Body, string[] SetCookies)
{
    /// <summary>The application's cookie as <c>name=value</c>.</summary>
    public string Cookie() => Assert.Single(SetCookies, cookie => cookie.StartsWith(ApplicationWithTokens.Cookie + "=", StringComparison.Ordinal)).Split(';')[0];

    public Seen Seen()
    {
        Assert.True(Status == HttpStatusCode.OK, $"{(int)Status} {Body}");
        return Methods.Seen.Parse(Body);
    }
}
