using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Methods;

/// <summary>
/// Three nodes of an application that a test brings along, and a client that sends what a test says and keeps nothing. Each answer names the session and its
/// owner in headers.
/// </summary>
internal sealed class ProbedCluster : IAsyncDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler
    {
        UseCookies = false,
        AllowAutoRedirect = false,
        RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8,
        ResponseHeaderEncodingSelector = (_, _) => Encoding.UTF8,
        // The tests' own certificate, which no machine trusts.
        SslOptions = new() { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=shop.test" },
    });

    private ProbedCluster(StickyTestCluster nodes) => Nodes = nodes;

    public StickyTestCluster Nodes { get; }

    public static async Task<ProbedCluster> StartAsync(
        IRedisServer redis,
        Action<StickyPolicyOptions> policy,
        Action<WebApplication> map,
        Func<StickyTestClusterOptions, StickyTestClusterOptions>? with = null)
    {
        var options = new StickyTestClusterOptions
        {
            Redis = await redis.ConfigurationAsync(),
            Nodes = 3,
            ConfigureSticky = sticky => sticky.ConfigurePolicy(policy),
            // First of all, so that it is asked last: the session that a response binds is known only then.
            BeforeSticky = app => app.Use((context, next) =>
            {
                context.Response.OnStarting(() =>
                {
                    if (context.Features.Get<IStickySessionFeature>() is { } session)
                    {
                        (context.Response.Headers["X-Owner"], context.Response.Headers["X-Session"]) = (session.Owner, session.SessionId);
                    }

                    return Task.CompletedTask;
                });
                return next(context);
            }),
            AfterSticky = map,
        };
        return new(await StickyTestCluster.StartAsync(with?.Invoke(options) ?? options));
    }

    public Task<Reply> GetAsync(int node, string path, params (string Name, string Value)[] headers)
        => SendAsync(HttpMethod.Get, new Uri(Nodes[node].Http, path), headers);

    public Task<Reply> PostAsync(int node, string path, params (string Name, string Value)[] headers)
        => SendAsync(HttpMethod.Post, new Uri(Nodes[node].Http, path), headers);

    public async Task<Reply> SendAsync(HttpMethod method, Uri address, params (string Name, string Value)[] headers)
    {
        using var response = await _client.SendAsync(Request(method, address, headers), TestContext.Current.CancellationToken);
        return new Reply(
            response.StatusCode,
            await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            response.Headers.ToDictionary(header => header.Key, header => header.Value.ToArray(), StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>An answer of which only the headers have arrived.</summary>
    public Task<HttpResponseMessage> BeginAsync(int node, string path)
        => _client.SendAsync(Request(HttpMethod.Get, new Uri(Nodes[node].Http, path), []), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await Nodes.DisposeAsync();
    }

    private static HttpRequestMessage Request(HttpMethod method, Uri address, (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, address);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }
}

/// <summary>An answer.</summary>
internal sealed record Reply(HttpStatusCode Status, string Body, Dictionary<string, string[]> Headers)
{
    public string Owner => Assert.Single(Headers["X-Owner"]);

    public string Session => Assert.Single(Headers["X-Session"]);

    public string[] SetCookies => Headers.GetValueOrDefault("Set-Cookie", []);

    /// <summary>The value of the one header or cookie.</summary>
    public string Header(string name) => Assert.Single(Headers[name]);

    /// <summary>What a browser sends back of all cookies that the answer sets: of one name the last.</summary>
    public string Cookies => string.Join("; ", SetCookies.Select(cookie => cookie.Split(';')[0]).GroupBy(pair => pair.Split('=')[0]).Select(same => same.Last()));
}
