using System.Net;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>The application's own tokens, by each method that knows them: three nodes, each request to the next one, on a connection of its own.</summary>
public sealed class MethodTests(GarnetServerFixture garnet)
{
    private const int Requests = 30;

    [Theory]
    [InlineData(StickyMethod.Rewrite)]
    [InlineData(StickyMethod.Learn)]
    public async Task CookieOfTheApplication_IsEnough(StickyMethod method)
    {
        await using var cluster = await StartAsync(policy =>
        {
            policy.Method = method;
            policy.Sources.Add(StickyTokenSourceOptions.Cookie(ApplicationWithTokens.Cookie));
        });
        var cookies = new CookieContainer();

        var seen = await VisitAsync(cluster, "/cookie", new SocketsHttpHandler { CookieContainer = cookies });

        AssertOneSession(seen);
        Assert.All(seen.Skip(1), request => Assert.Matches($"^{ApplicationWithTokens.Cookie}=[0-9a-f]{{32}}$", request.Cookies));
        var token = Assert.Single(cookies.GetAllCookies(), cookie => cookie.Name == ApplicationWithTokens.Cookie).Value;
        Assert.Equal(method == StickyMethod.Rewrite, token.Contains('~'));
        Assert.DoesNotContain(cookies.GetAllCookies(), cookie => cookie.Name.StartsWith(".Sticky", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(StickyMethod.Rewrite)]
    [InlineData(StickyMethod.Learn)]
    public async Task HeaderOfTheApplication_IsEnough(StickyMethod method)
    {
        await using var cluster = await StartAsync(policy =>
        {
            policy.Method = method;
            policy.Sources.Add(StickyTokenSourceOptions.Header(ApplicationWithTokens.Header));
        });
        string? token = null;

        var seen = await VisitAsync(
            cluster, "/header", new SocketsHttpHandler(), request => request.Headers.TryAddWithoutValidation(ApplicationWithTokens.Header, token ?? "none"),
            response => token = response.Headers.TryGetValues(ApplicationWithTokens.Header, out var values) ? values.Single() : token);

        AssertOneSession(seen);
        Assert.Equal(method == StickyMethod.Rewrite, token!.Contains('~'));
        Assert.All(seen.Skip(1), request => Assert.Matches("^[0-9a-f]{32}$", request.Header));
    }

    [Fact]
    public async Task Hash_OfAUser_IsEnough()
    {
        await using var cluster = await StartAsync(policy =>
        {
            policy.Method = StickyMethod.Hash;
            policy.Sources.Add(StickyTokenSourceOptions.Header("X-User"));
        });

        var owners = new HashSet<string>();
        foreach (var user in Enumerable.Range(0, 30))
        {
            var seen = await VisitAsync(cluster, "/user", new SocketsHttpHandler(), request => request.Headers.Add("X-User", $"user-{user}"), requests: 4);
            AssertOneSession(seen);
            owners.Add(seen[0].Owner);
        }

        Assert.Equal(3, owners.Count);
    }

    private Task<StickyTestCluster> StartAsync(Action<StickyPolicyOptions> configure)
        => MethodCluster.StartAsync(garnet, sticky => sticky.ConfigurePolicy(configure));

    private static void AssertOneSession(Seen[] seen)
    {
        Assert.Equal(Enumerable.Range(1, seen.Length), seen.Select(request => request.Count));
        Assert.Single(seen.Select(request => request.Owner).Distinct());
        Assert.Equal(3, seen.Select(request => request.Ingress).Distinct().Count());
    }

    private static async Task<Seen[]> VisitAsync(
        StickyTestCluster cluster,
        string path,
        SocketsHttpHandler handler,
        Action<HttpRequestMessage>? prepare = null,
        Action<HttpResponseMessage>? look = null,
        int requests = Requests)
    {
        using var client = new HttpClient(handler);
        var seen = new Seen[requests];
        for (var i = 0; i < requests; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(cluster[i % 3].Http, path));
            request.Headers.ConnectionClose = true;
            prepare?.Invoke(request);
            using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            look?.Invoke(response);
            seen[i] = Seen.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }

        return seen;
    }
}
