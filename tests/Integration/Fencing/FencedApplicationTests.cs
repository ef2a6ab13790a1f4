using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Startup;

namespace StickySessions.Tests.Integration.Fencing;

/// <summary>What becomes of an application whose response was replaced, or whose session was lost: the client is told, and no log is filled.</summary>
public sealed class FencedApplicationTests(GarnetServerFixture redis) : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly HttpClient _client = new(new SocketsHttpHandler { UseCookies = false });
    private readonly RecordedLog _log = new();
    private readonly TaskCompletionSource _began = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<HeldSession> _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private StickyTestCluster _cluster = null!;

    public enum Way
    {
        Http1,
        H2c,
        ForwardedFromHttp1,
        ForwardedFromH2c,
    }

    public static TheoryData<string, Way> RepliesAndWays
        => new MatrixTheoryData<string, Way>(["/texts", "/started", "/pipe", "/file", "/cancelled", "/completing"], Enum.GetValues<Way>());

    public static TheoryData<string, Way> LostAndWays => new MatrixTheoryData<string, Way>(["/throwing", "/answering"], Enum.GetValues<Way>());

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _cluster = await StickyTestCluster.StartAsync(new StickyTestClusterOptions
    {
        Redis = await redis.ConfigurationAsync(),
        AfterSticky = MapReplies,
        ConfigureBuilder = builder =>
        {
            builder.Logging.AddProvider(_log);

            // The cluster does not know of the expiry that these tests make up, so there is no former tag to claim from.
            builder.Services.Remove(builder.Services.Single(service => service.ImplementationType == typeof(ReturnedNodeClaims)));
        },
    });

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _cluster.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(RepliesAndWays))]
    public async Task ResponseReplaced_WhatTheApplicationSaysLaterIsSwallowed(string path, Way way)
    {
        var cookie = await _cluster[0].StartSessionAsync();

        using var answer = await SendAsync(path, way, cookie);

        await AssertLeaseExpiredAsync(answer);
        await AssertOverWithoutErrorsAsync();
    }

    [Theory]
    [InlineData(Way.ForwardedFromHttp1)]
    [InlineData(Way.ForwardedFromH2c)]
    public async Task ForwardedRequest_WriteThatBeganTheResponse_FailsQuietly(Way way)
    {
        var cookie = await _cluster[0].StartSessionAsync();

        using var answer = await SendAsync("/bytes", way, cookie);

        await AssertLeaseExpiredAsync(answer);
        await AssertOverWithoutErrorsAsync();
    }

    [Theory]
    [InlineData(Way.ForwardedFromHttp1)]
    [InlineData(Way.ForwardedFromH2c)]
    public async Task ForwardedRequest_FaultOfTheApplicationItself_IsNotHidden(Way way)
    {
        var cookie = await _cluster[0].StartSessionAsync();

        using var answer = await SendAsync("/faulty", way, cookie);

        await AssertLeaseExpiredAsync(answer);
        await Eventually.Async(() => _log.Lines.Any(line => line.StartsWith("Error", StringComparison.Ordinal) && line.Contains("a fault", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(Way.Http1)]
    [InlineData(Way.H2c)]
    [InlineData(Way.ForwardedFromHttp1)]
    public async Task ResponseReplaced_StreamWithoutEnd_IsEnded(Way way)
    {
        var cookie = await _cluster[0].StartSessionAsync();

        using (var answer = await SendAsync("/endless", way, cookie))
        {
            await AssertLeaseExpiredAsync(answer);

            // What still runs must not hold up the next request of its connection.
            using var next = await SendAsync(StickyTestNode.SessionPath, way, cookie: null).WaitAsync(Patience, Cancellation);
            await AssertOverWithoutErrorsAsync();
        }
    }

    [Theory]
    [MemberData(nameof(LostAndWays))]
    public async Task SessionLost_BeforeTheResponseHasBegun_ClientIsToldWhereThatCanBe(string path, Way way)
    {
        var cookie = await _cluster[0].StartSessionAsync();
        var sending = SendAsync(path, way, cookie);
        await _began.Task.WaitAsync(Patience, Cancellation);
        var held = _cluster[0].Services.GetRequiredService<HeldSessions>();

        held.Drop(Assert.Single(held.All(), session => session.Running == 1));

        if (way is Way.Http1 or Way.H2c)
        {
            // It has no other connection or stream.
            await Assert.ThrowsAsync<HttpRequestException>(() => sending.WaitAsync(Patience, Cancellation));
        }
        else
        {
            using var answer = await sending.WaitAsync(Patience, Cancellation);
            Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
            Assert.Equal("owner-lost", await ReasonOfAsync(answer));
        }

        await AssertOverWithoutErrorsAsync();
    }

    private static async Task AssertLeaseExpiredAsync(HttpResponseMessage answer)
    {
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("lease-expired", await ReasonOfAsync(answer));
    }

    private static async Task<string?> ReasonOfAsync(HttpResponseMessage answer)
    {
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancellation)).RootElement.GetProperty("reason").GetString();
    }

    private async Task AssertOverWithoutErrorsAsync()
    {
        var session = await _over.Task.WaitAsync(Patience, Cancellation);
        await Eventually.Async(() => session.Running == 0, "the request is over");
        Assert.DoesNotContain(_log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    private void MapReplies(WebApplication app)
    {
        app.Use(async (context, next) =>
        {
            if (context.Request.Path == StickyTestNode.SessionPath)
            {
                await next(context);
                return;
            }

            var session = OwnedSessionFeature.Of(context)!.Session;
            try
            {
                await next(context);
            }
            finally
            {
                _over.TrySetResult(session);
            }
        });
        MapFenced(app, "/texts", async response =>
        {
            await response.WriteAsync("secret");
            await response.WriteAsync("secret");
        });
        MapFenced(app, "/started", async response =>
        {
            await response.StartAsync();
            await response.Body.WriteAsync("secret"u8.ToArray());
            response.Body.Write("secret"u8);
            await response.Body.FlushAsync();
        });
        MapFenced(app, "/pipe", async response =>
        {
            await response.StartAsync();
            response.BodyWriter.GetSpan(100_000).Clear();
            response.BodyWriter.Advance(100_000);
            await response.BodyWriter.FlushAsync();
            await response.BodyWriter.CompleteAsync();
        });
        MapFenced(app, "/file", async response =>
        {
            await response.StartAsync();
            await response.SendFileAsync(typeof(FencedApplicationTests).Assembly.Location);
        });
        MapFenced(app, "/completing", async response =>
        {
            await response.StartAsync();
            await response.CompleteAsync();
        });

        // As a time limit of the application does: the connection is there, and only the token says no.
        MapFenced(app, "/cancelled", response =>
        {
            response.HttpContext.RequestAborted = new CancellationToken(canceled: true);
            return response.WriteAsync("secret");
        });
        MapFenced(app, "/bytes", response => response.Body.WriteAsync("secret"u8.ToArray()).AsTask());
        MapFenced(app, "/faulty", async response =>
        {
            await response.WriteAsync("secret");
            throw new FormatException("a fault");
        });
        MapFenced(app, "/endless", async response =>
        {
            for (; ; )
            {
                await response.WriteAsync("secret");
                await response.Body.FlushAsync();
            }
        });
        app.MapGet("/throwing", WaitAsync);
        app.MapGet("/answering", async context =>
        {
            await Record.ExceptionAsync(() => WaitAsync(context));
            await context.Response.WriteAsync("secret");
        });
    }

    private static void MapFenced(WebApplication app, string path, Func<HttpResponse, Task> replyAsync) => app.MapGet(path, context =>
    {
        context.RequestServices.GetRequiredService<IClusterMembership>().Lease.Expire();
        return replyAsync(context.Response);
    });

    private Task WaitAsync(HttpContext context)
    {
        _began.SetResult();
        return Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
    }

    private Task<HttpResponseMessage> SendAsync(string path, Way way, string? cookie)
    {
        var node = way is Way.Http1 or Way.H2c ? _cluster[0] : _cluster[1];
        var http2 = way is Way.H2c or Way.ForwardedFromH2c;
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(http2 ? node.H2c : node.Http, path))
        {
            Version = http2 ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (cookie is not null)
        {
            request.Headers.Add("Cookie", cookie);
        }

        return _client.SendAsync(request, Cancellation).WaitAsync(Patience, Cancellation);
    }
}
