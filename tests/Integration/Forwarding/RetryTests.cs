using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Forwarding;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;
using static StickySessions.Tests.Integration.Forwarding.EchoNodes;

namespace StickySessions.Tests.Integration.Forwarding;

/// <summary>What may be tried again, and what never.</summary>
public sealed class RetryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task NotSent_NobodyListens_NextNodeServesAndCircuitOpens()
    {
        await using var second = await TestNode.StartAsync("c", Echo);
        await using var ingress = await TestNode.StartAsync("a", Echo);
        ingress.Peers["b"] = second.AsPeer() with { Tag = new NodeTag(5, 5), Name = "b", Address = new Uri($"http://127.0.0.1:{FreePort.Next()}") };
        ingress.Peers["c"] = second.AsPeer();

        for (var attempt = 0; attempt < 4; attempt++)
        {
            var (status, body) = await PostAsync(ingress, "b,c", "hello", chunked: false);
            Assert.Equal((HttpStatusCode.OK, "c:hello"), (status, body));
        }

        Assert.Equal(4, ingress.Results.Count(result => result.Status == ForwardStatus.NotSent));
    }

    [Theory]
    [InlineData("GET", true)]
    [InlineData("POST", true)]
    [InlineData("GET", false)]
    [InlineData("POST", false)]
    [InlineData("DELETE", false)]
    public async Task OwnerDiesWhileItRuns_RequestRunsOnceAndClientSeesOwnerLost(string method, bool overInterconnect)
    {
        var runs = 0;
        await using var owner = await TestNode.StartAsync(
            "b",
            app => app.Map("/", (HttpContext context) =>
            {
                if (context.Request.Headers.ContainsKey("Die"))
                {
                    Interlocked.Increment(ref runs);
                    context.Features.GetRequiredFeature<Microsoft.AspNetCore.Connections.Features.IConnectionLifetimeFeature>().Abort();
                }

                return Task.CompletedTask;
            }),
            WithoutInterconnect(!overInterconnect));
        await using var ingress = await TestNode.StartAsync("a", Echo);
        ingress.Peers["b"] = owner.AsPeer(overInterconnect);

        // The first leaves a pooled connection behind: only on such a one would the transport send again.
        (await SendAsync(ingress, HttpMethod.Get, "b")).Dispose();
        using var response = await SendAsync(ingress, new HttpMethod(method), "b", die: true);

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        Assert.Equal(("owner-lost", "b"), (problem.GetProperty("reason").GetString(), problem.GetProperty("node").GetString()));
        Assert.Equal(1, runs);
    }

    [Theory]
    [InlineData("slow", true, HttpStatusCode.GatewayTimeout)]
    [InlineData("slow", false, HttpStatusCode.GatewayTimeout)]
    [InlineData("reset", true, HttpStatusCode.BadGateway)]
    [InlineData("die", true, HttpStatusCode.OK)]
    [InlineData("die", false, HttpStatusCode.OK)]
    public async Task RetrySafeMethods_OnlyALostConnectionIsTriedAgain(string fate, bool overInterconnect, HttpStatusCode expected)
    {
        await using var owner = await TestNode.StartAsync(
            "b",
            app => app.Map("/", async (HttpContext context) =>
            {
                switch (fate)
                {
                    case "die":
                        context.Features.GetRequiredFeature<Microsoft.AspNetCore.Connections.Features.IConnectionLifetimeFeature>().Abort();
                        break;
                    case "reset":
                        context.Abort();
                        break;
                }

                await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }),
            WithoutInterconnect(!overInterconnect));
        await using var ingress = await TestNode.StartAsync("a", Echo, builder => builder.Services.Configure<StickyForwardingOptions>(options =>
        {
            options.RetrySafeMethods = true;
            options.ResponseTimeout = fate == "slow" ? TimeSpan.FromMilliseconds(200) : TimeSpan.FromMinutes(1);
        }));
        ingress.Peers["b"] = owner.AsPeer(overInterconnect);

        using var response = await SendAsync(ingress, HttpMethod.Get, "b");

        Assert.Equal(fate == "die" ? ForwardStatus.NotSent : ForwardStatus.Failed, (await ingress.ResultAsync()).Status);
        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task RetrySafeMethods_OwnerIsBusy_IsNotTriedAgain()
    {
        var running = new TaskCompletionSource();
        var end = new TaskCompletionSource();
        await using var owner = await TestNode.StartAsync("b", app => app.Map("/", (HttpContext context) =>
        {
            running.TrySetResult();
            return end.Task;
        }));
        await using var ingress = await TestNode.StartAsync("a", Echo, builder => builder.Services.Configure<StickyForwardingOptions>(options =>
        {
            options.RetrySafeMethods = true;
            options.MaxInFlightPerNode = 1;
        }));
        ingress.Peers["b"] = owner.AsPeer();
        var first = SendAsync(ingress, HttpMethod.Get, "b");
        await running.Task.WaitAsync(Cancellation);

        using var second = await SendAsync(ingress, HttpMethod.Get, "b");
        end.SetResult();
        (await first).Dispose();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, second.StatusCode);
        Assert.Equal([ForwardStatus.Failed, ForwardStatus.Completed], ingress.Results.Select(result => result.Status));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    [InlineData("DELETE")]
    [InlineData("POST", true)]
    public async Task PooledHttp1ConnectionEndsBeforeAnswer_RequestIsNotSentAgain(string method, bool expectContinue = false)
    {
        // Speaks just enough HTTP/1.1: answers the first request on a connection, closes at the second.
        var requests = 0;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var serving = ServeAsync();
        await using var ingress = await TestNode.StartAsync("a", Echo);
        ingress.Peers["b"] = new Node
        {
            Tag = new NodeTag(3, 3),
            Name = "b",
            HasInterconnect = false,
            Address = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}"),
        };

        (await SendAsync(ingress, HttpMethod.Get, "b")).Dispose();
        using var response = await SendAsync(ingress, new HttpMethod(method), "b", expectContinue: expectContinue);
        await stop.CancelAsync();
        await serving;

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Equal(2, requests);

        async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var connection = await listener.AcceptTcpClientAsync(stop.Token);
                    var stream = connection.GetStream();
                    if (await ReadHeadAsync(stream, stop.Token))
                    {
                        requests++;
                        await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), Cancellation);
                        requests += await ReadHeadAsync(stream, stop.Token) ? 1 : 0;
                    }
                }
            }
            catch (OperationCanceledException)
            {
            }
        }
    }

    [Fact]
    public async Task OtherSecret_ClientSeesOwnerRefused()
    {
        await using var owner = await TestNode.StartAsync("b", Echo, secret: "another secret of at least 32 characters");
        await using var ingress = await TestNode.StartAsync("a", Echo);
        ingress.Peers["b"] = owner.AsPeer();

        var (status, body) = await PostAsync(ingress, "b", "hello", chunked: false);

        Assert.Equal(HttpStatusCode.BadGateway, status);
        Assert.Contains("owner-refused", body, StringComparison.Ordinal);
    }

    /// <returns>Whether there was a whole head.</returns>
    private static async Task<bool> ReadHeadAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var head = new StringBuilder();
        var buffer = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(buffer, cancellationToken) == 0)
            {
                return false;
            }

            head.Append((char)buffer[0]);
        }

        return true;
    }
}
