using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Policies;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Fencing;

/// <summary>
/// The fence closes once a token has been bound and before the response that gives it out begins: what is said instead goes straight to the server, past
/// whatever looks at the body or changes it.
/// </summary>
public sealed class FencedBindingTests(GarnetServerFixture redis)
{
    private const string Cookie = "APPSESSION";
    private const string Header = "X-App-Session";

    [Theory]
    [InlineData("/headers", "gzip")]
    [InlineData("/headers", "identity")]
    [InlineData("/body", "identity")]
    public async Task AnswerThatGaveATokenOut_IsReplacedBy503(string path, string encoding)
    {
        await using var cluster = await StartAsync();

        await AssertLeaseExpiredAsync(await GetAsync(cluster, path, ("Accept-Encoding", encoding)));
    }

    [Fact]
    public async Task AnswerThatEndedASessionAndGaveATokenOut_IsReplacedBy503()
    {
        await using var cluster = await StartAsync();
        using var begun = await GetAsync(cluster, "/begin");

        await AssertLeaseExpiredAsync(await GetAsync(cluster, "/log-in", ("Cookie", begun.Headers.GetValues("Set-Cookie").Single().Split(';')[0])));
    }

    private static async Task AssertLeaseExpiredAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.False(answer.Headers.Contains("Set-Cookie"));
            Assert.False(answer.Headers.Contains(Header));
            Assert.Empty(answer.Content.Headers.ContentEncoding);
            var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.Equal("lease-expired", JsonDocument.Parse(body).RootElement.GetProperty("reason").GetString());
        }
    }

    private static async Task<HttpResponseMessage> GetAsync(StickyTestCluster cluster, string path, params (string Name, string Value)[] headers)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(cluster[0].Http, path));
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private async Task<StickyTestCluster> StartAsync() => await StickyTestCluster.StartAsync(new StickyTestClusterOptions
    {
        Redis = await redis.ConfigurationAsync(),
        ConfigureSticky = sticky => sticky.ConfigurePolicy(policy =>
        {
            policy.Method = StickyMethod.Learn;
            policy.Sources.Add(StickyTokenSourceOptions.Cookie(Cookie));
            policy.Sources.Add(StickyTokenSourceOptions.Header(Header));
            policy.LearnFromBody = "\"sid\":\"([^\"]+)\"";
        }),
        ConfigureBuilder = builder =>
        {
            builder.Services.AddResponseCompression(compression => compression.MimeTypes = ["text/plain", "application/problem+json"]);

            // The cluster does not know of the expiry that these tests make up, so there is no former tag to claim from.
            builder.Services.Remove(builder.Services.Single(service => service.ImplementationType == typeof(ReturnedNodeClaims)));
            var directory = builder.Services.Single(service => service.ServiceType == typeof(IOwnershipDirectory));
            builder.Services.Remove(directory);
            builder.Services.AddSingleton<IOwnershipDirectory>(services => new LeaseEndsWithSecondRecord(
                (IOwnershipDirectory)directory.ImplementationFactory!(services), services.GetRequiredService<IClusterMembership>().Lease));
        },
        AfterSticky = app =>
        {
            app.UseResponseCompression();
            app.MapGet("/headers", (HttpContext context) =>
            {
                context.Response.Cookies.Append(Cookie, "one");
                context.Response.Headers[Header] = "two";
                return new string('x', 10_000);
            });
            app.MapGet("/begin", (HttpContext context) => context.Response.Cookies.Append(Cookie, "one"));
            app.MapGet("/log-in", (HttpContext context) =>
            {
                context.Features.Get<IStickySessionFeature>()!.End();
                context.Response.Cookies.Append(Cookie, "two");
            });
            app.MapGet("/body", (HttpContext context, IClusterMembership membership) =>
            {
                context.Response.OnStarting(() =>
                {
                    membership.Lease.Expire();
                    return Task.CompletedTask;
                });
                return Results.Text("{\"sid\":\"one\"}");
            });
        },
    });

    private sealed class LeaseEndsWithSecondRecord(IOwnershipDirectory inner, NodeLease lease) : IOwnershipDirectory
    {
        private int _recorded;

        public async ValueTask<ClaimResult> RecordAsync(SessionId session, NodeTag owner, CancellationToken cancellationToken)
        {
            if (Interlocked.Increment(ref _recorded) == 2)
            {
                lease.Expire();
            }

            return await inner.RecordAsync(session, owner, cancellationToken);
        }

        public ValueTask<OwnershipRecord?> ReadAsync(SessionId session, CancellationToken cancellationToken) => inner.ReadAsync(session, cancellationToken);

        public ValueTask<ClaimResult> ClaimAsync(
            SessionId session, NodeTag expectedOwner, uint seenEpoch, NodeTag claimer, CancellationToken cancellationToken)
            => inner.ClaimAsync(session, expectedOwner, seenEpoch, claimer, cancellationToken);

        public ValueTask EndAsync(SessionId session, uint epoch, TimeSpan keepFor, CancellationToken cancellationToken)
            => inner.EndAsync(session, epoch, keepFor, cancellationToken);
    }
}
