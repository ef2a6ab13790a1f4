using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StickySessions.Forwarding;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Startup;

/// <summary>Nobody who reads the logs, at whatever level, can take a session over or speak as a node.</summary>
public sealed class SecrecyTests(GarnetServerFixture garnet)
{
    private const string Secret = "hunter2-hunter2-hunter2-hunter2-hunter2";
    private const string FormerSecret = "hunter1-hunter1-hunter1-hunter1-hunter1";

    [Fact]
    public async Task Logs_OfAWholeLife_HoldNoSecretNoTokenAndNoEnvelope()
    {
        var log = new RecordedLog();
        var envelopes = new ConcurrentBag<string>();
        var tokens = new List<string>();
        await using (var cluster = await StickyTestCluster.StartAsync(new StickyTestClusterOptions
        {
            Redis = await garnet.ConfigurationAsync(),
            ConfigureBuilder = builder =>
            {
                builder.Logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log);
                builder.Services.AddHttpClient(ForwardingTransport.ClientName)
                    .ConfigureAdditionalHttpMessageHandlers((handlers, _) => handlers.Add(new EnvelopeRecorder(envelopes)));
            },
            ConfigureSticky = sticky => sticky.ConfigureKeys(keys =>
            {
                keys.Secret = Secret;
                keys.AcceptedSecrets.Add(FormerSecret);
            }),
        }))
        {
            var cookie = await cluster[0].StartSessionAsync();
            tokens.Add(cookie.Split('=')[1]);
            var forged = $"{tokens[0][..^4]}AAAA";
            tokens.Add(forged);
            foreach (var sent in new[] { cookie, $".StickySession={forged}", $".StickySession={forged}; {cookie}" })
            {
                await GetAsync(cluster[0], sent);
                await GetAsync(cluster[1], sent);
            }

            // Its owner leaves: the session is claimed, and its token replaced.
            await cluster[0].StopAsync();
            tokens.Add(await GetAsync(cluster[1], cookie) ?? throw new InvalidOperationException("The claim issued no token."));
        }

        Assert.Contains(log.Lines, line => line.StartsWith("Trace", StringComparison.Ordinal));
        Assert.NotEmpty(envelopes);
        Assert.All([Secret, FormerSecret, "hunter", .. tokens, .. envelopes], secret => Assert.DoesNotContain(secret, log.Text, StringComparison.Ordinal));
    }

    /// <returns>The token that the response carries, if it carries one.</returns>
    private static async Task<string?> GetAsync(StickyTestNode node, string cookie)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(node.Http, StickyTestNode.SessionPath));
        request.Headers.Add("Cookie", cookie);
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        return answer.Headers.TryGetValues("Set-Cookie", out var cookies) ? cookies.Single().Split('=', ';')[1] : null;
    }

    private sealed class EnvelopeRecorder(ConcurrentBag<string> envelopes) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            envelopes.Add(request.Headers.NonValidated[StickyHeaders.Envelope].ToString());
            return base.SendAsync(request, cancellationToken);
        }
    }
}
