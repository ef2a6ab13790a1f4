using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Fencing;

/// <summary>The fence closes while the application runs: its answer must not reach the client, whichever way the request came.</summary>
public sealed class FencedResponseTests(GarnetServerFixture redis) : IAsyncLifetime
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseCookies = false });
    private StickyTestCluster _cluster = null!;
    private int _ran;

    public enum Way
    {
        Http1,
        H2c,
        ForwardedFromHttp1,
        ForwardedFromH2c,
    }

    public async ValueTask InitializeAsync() => _cluster = await StickyTestCluster.StartAsync(new StickyTestClusterOptions
    {
        Redis = await redis.ConfigurationAsync(),
        AfterSticky = MapAnswers,

        // The cluster does not know of the expiry that these tests make up, so there is no former tag to claim from.
        ConfigureBuilder = builder => builder.Services.Remove(
            builder.Services.Single(service => service.ImplementationType == typeof(ReturnedNodeClaims))),
    });

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _cluster.DisposeAsync();
    }

    [Theory]
    [CombinatorialWays("text", "started", "stream", "empty", "catching")]
    public async Task AnswerOfTheApplication_IsReplacedBy503(string style, Way way)
    {
        var cookie = await _cluster[0].StartSessionAsync();

        using var answer = await SendAsync(HttpMethod.Get, $"/{style}", way, cookie);

        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal("lease-expired", JsonDocument.Parse(body).RootElement.GetProperty("reason").GetString());
        Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter?.Delta);
        Assert.False(answer.Headers.Contains("X-Application"));
        Assert.False(answer.Headers.Contains("Set-Cookie"));
        Assert.Equal(1, _ran);

        // The node serves on once it has beaten again.
        await Eventually.Async(async () =>
        {
            using var again = await SendAsync(HttpMethod.Get, StickyTestNode.SessionPath, way, cookie: null);
            return again.StatusCode == HttpStatusCode.NoContent;
        });
    }

    [Theory]
    [InlineData(Way.Http1)]
    [InlineData(Way.H2c)]
    [InlineData(Way.ForwardedFromHttp1)]
    public async Task AnswerToHead_IsReplacedBy503(Way way)
    {
        var cookie = await _cluster[0].StartSessionAsync();

        using var answer = await SendAsync(HttpMethod.Head, "/text", way, cookie);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.False(answer.Headers.Contains("X-Application"));
    }

    [Theory]
    [CombinatorialWays("buffered", "json")]
    public async Task AnswerInTheServersBufferAlready_NeverArrives(string style, Way way)
    {
        var cookie = await _cluster[0].StartSessionAsync();

        var outcome = "";
        try
        {
            using var answer = await SendAsync(HttpMethod.Get, $"/{style}", way, cookie);
            outcome = $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}";
        }
        catch (HttpRequestException broken)
        {
            outcome = broken.Message;
        }

        Assert.DoesNotContain("secret", outcome, StringComparison.Ordinal);
        Assert.DoesNotContain("200", outcome, StringComparison.Ordinal);
        Assert.Equal(1, _ran);
    }

    [Theory]
    [InlineData(Way.Http1)]
    [InlineData(Way.H2c)]
    [InlineData(Way.ForwardedFromHttp1)]
    public async Task NewSession_IsNotBegun(Way way)
    {
        using var answer = await SendAsync(HttpMethod.Get, "/text", way == Way.ForwardedFromHttp1 ? Way.Http1 : way, cookie: null);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Set-Cookie"));
    }

    private void MapAnswers(WebApplication app)
    {
        app.Use(async (context, next) =>
        {
            if (context.Request.Path != StickyTestNode.SessionPath)
            {
                Interlocked.Increment(ref _ran);
                context.Response.Headers["X-Application"] = "yes";
                context.RequestServices.GetRequiredService<IClusterMembership>().Lease.Expire();
            }

            await next(context);
        });
        app.MapMethods("/text", ["GET", "HEAD"], () => "secret");
        app.MapGet("/json", () => new { Value = "secret" });
        app.MapGet("/empty", () => Results.NoContent());
        app.MapGet("/started", async context =>
        {
            await context.Response.StartAsync();
            await context.Response.WriteAsync("secret");
        });
        app.MapGet("/stream", async context =>
        {
            for (var i = 0; i < 100; i++)
            {
                await context.Response.Body.WriteAsync(new byte[1024]);
                await context.Response.Body.FlushAsync();
            }
        });
        app.MapGet("/catching", async context =>
        {
            try
            {
                await context.Response.WriteAsync("secret");
            }
            catch (InvalidOperationException)
            {
                await Record.ExceptionAsync(() => context.Response.WriteAsync("another secret"));
            }
        });
        app.MapGet("/buffered", async context =>
        {
            var memory = context.Response.BodyWriter.GetMemory(6);
            "secret"u8.CopyTo(memory.Span);
            context.Response.BodyWriter.Advance(6);
            await context.Response.BodyWriter.FlushAsync();
        });
    }

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, Way way, string? cookie)
    {
        var node = way is Way.Http1 or Way.H2c ? _cluster[0] : _cluster[1];
        var http2 = way is Way.H2c or Way.ForwardedFromH2c;
        var request = new HttpRequestMessage(method, new Uri(http2 ? node.H2c : node.Http, path))
        {
            Version = http2 ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("*/*"));
        if (cookie is not null)
        {
            request.Headers.Add("Cookie", cookie);
        }

        return _client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private sealed class CombinatorialWaysAttribute(params string[] styles) : Xunit.v3.DataAttribute
    {
        public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(
            System.Reflection.MethodInfo testMethod, Xunit.Sdk.DisposalTracker disposalTracker)
            => ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>(
                [.. styles.SelectMany(_ => Enum.GetValues<Way>(), (style, way) => new TheoryDataRow(style, way))]);

        public override bool SupportsDiscoveryEnumeration() => true;
    }
}
