using System.Net;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>Three nodes of <see cref="ApplicationWithTokens"/>, and a client that goes to another node with each request, on a connection of its own.</summary>
internal sealed class MethodCluster : IAsyncDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });
    private int _visits;

    private MethodCluster(StickyTestCluster nodes) => Nodes = nodes;

    public StickyTestCluster Nodes { get; }

    public static async Task<MethodCluster> StartAsync(IRedisServer redis, Action<StickyPolicyOptions> configure, int nodes = 3)
        => new(await StickyTestCluster.StartAsync(new StickyTestClusterOptions
        {
            Redis = await redis.ConfigurationAsync(),
            Nodes = nodes,
            ConfigureSticky = sticky => sticky.ConfigurePolicy(configure),
            AfterSticky = app => new ApplicationWithTokens().Map(app),
        }));

    /// <summary>Each visit at the next node.</summary>
    public async Task<Seen[]> VisitAsync(string path, ITokenHolder holder, int visits)
    {
        var seen = new Seen[visits];
        for (var i = 0; i < visits; i++)
        {
            seen[i] = Seen.Parse(await GetAsync(path, holder));
        }

        return seen;
    }

    public Task<string> GetAsync(string path, ITokenHolder holder) => GetAsync(_visits++ % Nodes.Nodes.Length, path, holder);

    public async Task<string> GetAsync(int node, string path, ITokenHolder holder)
    {
        using var response = await SendAsync(node, path, holder);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    public async Task<HttpResponseMessage> SendAsync(int node, string path, ITokenHolder holder)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Nodes[node].Http, path));
        request.Headers.ConnectionClose = true;
        holder.Prepare(request);
        var response = await _client.SendAsync(request, TestContext.Current.CancellationToken);
        holder.Learn(response);
        return response;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await Nodes.DisposeAsync();
    }
}

/// <summary>How a client keeps its token.</summary>
internal interface ITokenHolder
{
    void Prepare(HttpRequestMessage request);

    void Learn(HttpResponseMessage response);
}

/// <summary>As a browser does.</summary>
internal sealed class CookieHolder : ITokenHolder
{
    private static readonly Uri Site = new("http://site.test/");

    public CookieContainer Cookies { get; } = new();

    public string? Value(string name) => Cookies.GetCookies(Site)[name]?.Value;

    public void Prepare(HttpRequestMessage request)
    {
        if (Cookies.GetCookieHeader(Site) is { Length: > 0 } header)
        {
            request.Headers.Add("Cookie", header);
        }
    }

    public void Learn(HttpResponseMessage response)
    {
        if (response.Headers.TryGetValues("Set-Cookie", out var cookies))
        {
            foreach (var cookie in cookies)
            {
                Cookies.SetCookies(Site, cookie);
            }
        }
    }
}

/// <summary>As an API's client does: a header of the response becomes one of the next request.</summary>
internal sealed class HeaderHolder(string name, string? value = null) : ITokenHolder
{
    public string? Value { get; private set; } = value;

    public void Prepare(HttpRequestMessage request)
    {
        if (Value is not null)
        {
            request.Headers.TryAddWithoutValidation(name, Value);
        }
    }

    public void Learn(HttpResponseMessage response)
        => Value = response.Headers.TryGetValues(name, out var values) ? values.Single() : Value;
}
