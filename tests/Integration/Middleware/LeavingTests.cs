using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Middleware;

/// <summary>A node that leaves stops serving before its peers know it; requests wait that long instead of failing.</summary>
public sealed class LeavingTests(GarnetServerFixture redis)
{
    private const int Clients = 6;

    [Theory]
    [InlineData(0)] // requests enter at the nodes that stay
    [InlineData(1)] // … and at the one that leaves
    public async Task NodeThatLeaves_HoweverSlowItsRedis_FailsNoRequest(int firstIngress)
    {
        var configuration = await redis.ConfigurationAsync();
        await using var slow = DelayedConnection.To(int.Parse(configuration.Split(':', ',')[1], CultureInfo.InvariantCulture));
        var started = 0;
        await using var cluster = await StickyTestCluster.StartAsync(new StickyTestClusterOptions
        {
            Redis = configuration,
            Nodes = 3,
            ConfigureSticky = sticky =>
            {
                var leaves = Interlocked.Increment(ref started) == 3;
                sticky.UseRedis(options => options.Configuration = leaves ? $"127.0.0.1:{slow.Port},abortConnect=false" : options.Configuration);
            },
            AfterSticky = app => app.MapGet("/", () => "ok"),
        });
        var cookies = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => cluster[2].StartSessionAsync()));
        slow.Delay = TimeSpan.FromMilliseconds(30);

        var answers = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        using var stop = new CancellationTokenSource();
        var clients = Enumerable.Range(0, Clients).Select(worker => Task.Run(async () =>
        {
            for (var i = worker; !stop.IsCancellationRequested; i++)
            {
                // The one that leaves closes its listener in the end: until then a request there must be served too.
                var ingress = cluster[firstIngress + (i % 2)];
                var answer = await GetAsync(client, ingress.Http, cookies[i % cookies.Length]);
                if (answer is not null || !ingress.IsStopping)
                {
                    answers.AddOrUpdate(answer ?? "no answer", 1, (_, count) => count + 1);
                }
            }
        })).ToArray();
        await Eventually.Async(() => answers.Values.Sum() > 300, "requests run");
        await cluster[2].StopAsync();
        var before = answers.Values.Sum();
        await Eventually.Async(() => answers.Values.Sum() > before + 300, "requests go on");
        await stop.CancelAsync();
        await Task.WhenAll(clients);

        Assert.Equal(["200 ok"], answers.Keys);
    }

    private static async Task<string?> GetAsync(HttpClient client, Uri node, string cookie)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, node);
        request.Headers.Add("Cookie", cookie);
        try
        {
            using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
            return $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}";
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
