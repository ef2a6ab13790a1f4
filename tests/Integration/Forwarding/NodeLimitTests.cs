using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Forwarding;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Forwarding;

/// <summary>What protects the other nodes from one that does not answer: circuit, limit and timeout.</summary>
public sealed class NodeLimitTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task FrozenOwner_PingGoesUnanswered_CircuitOpensUntilItAnswersAgain(bool wasConnected)
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var owner = await TestNode.StartAsync("b", EchoNodes.Echo);
        await using var link = new FreezableLink(owner.Interconnect.Listening!);
        await using var ingress = await TestNode.StartAsync(
            "a", EchoNodes.Echo, builder => builder.Services.AddSingleton<TimeProvider>(time));
        ingress.Peers["b"] = owner.AsPeer() with { Address = link.Address };
        if (wasConnected)
        {
            Assert.Equal((HttpStatusCode.OK, "b:"), await GetAsync(ingress));
        }

        link.Freeze();
        var (status, reason) = await GetAsync(ingress);
        Assert.Equal((HttpStatusCode.BadGateway, "owner-lost"), (status, reason));

        // The clock of the circuit stands still, so it stays open; whatever is answered now never went out.
        for (var request = 0; request < 20; request++)
        {
            Assert.Equal((HttpStatusCode.OK, "a:"), await GetAsync(ingress).WaitAsync(TimeSpan.FromSeconds(1), Cancellation));
            Assert.Equal(ForwardStatus.NotSent, ingress.Results.Last().Status);
        }

        link.Thaw();
        time.Advance(TimeSpan.FromSeconds(1.1));
        Assert.Equal((HttpStatusCode.OK, "b:"), await GetAsync(ingress));
        Assert.Equal((HttpStatusCode.OK, "b:"), await GetAsync(ingress));
    }

    [Fact]
    public async Task InFlight_AsManyWaitAsMay_NextIsAnsweredOwnerBusy()
    {
        var arrived = 0;
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var owner = await TestNode.StartAsync("b", app => app.Map("/", async context =>
        {
            Interlocked.Increment(ref arrived);
            await goOn.Task.WaitAsync(context.RequestAborted);
            await context.Response.WriteAsync("b:");
        }));
        await using var ingress = await StartAsync(owner, options => options.MaxInFlightPerNode = 2);

        var waiting = new[] { GetAsync(ingress), GetAsync(ingress) };
        await Eventually.Async(() => Volatile.Read(ref arrived) == 2, "both requests are at the owner");
        var refused = await GetAsync(ingress);
        goOn.SetResult();

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "owner-busy"), refused);
        Assert.All(await Task.WhenAll(waiting), answer => Assert.Equal((HttpStatusCode.OK, "b:"), answer));
        Assert.Equal((HttpStatusCode.OK, "b:"), await GetAsync(ingress));
        Assert.Equal(3, arrived);
    }

    [Fact]
    public async Task InFlight_StreamHasBegun_TakesNoPlace()
    {
        await using var owner = await TestNode.StartAsync("b", app =>
        {
            app.Map("/stream", async context =>
            {
                var aborted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                await using var registration = context.RequestAborted.Register(aborted.SetResult);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                await aborted.Task;
            });
            EchoNodes.Echo(app);
        });
        await using var ingress = await StartAsync(owner, options => options.MaxInFlightPerNode = 1);
        using var client = ingress.Client();
        client.DefaultRequestHeaders.Add("To", "b");

        using var stream = await client.GetAsync("/stream", HttpCompletionOption.ResponseHeadersRead, Cancellation);

        Assert.Equal((HttpStatusCode.OK, "b:"), await GetAsync(ingress));
    }

    [Fact]
    public async Task ResponseTimeout_OwnerTakesLonger_IsAnsweredOwnerTimeoutAndCancelledThere()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var owner = await TestNode.StartAsync("b", app => app.Map("/", async context =>
        {
            await using var registration = context.RequestAborted.Register(cancelled.SetResult);
            arrived.SetResult();
            await cancelled.Task;
        }));
        await using var ingress = await StartAsync(owner, options => options.ResponseTimeout = TimeSpan.FromSeconds(10), time);

        var waiting = GetAsync(ingress);
        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(waiting.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal((HttpStatusCode.GatewayTimeout, "owner-timeout"), await waiting);
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
    }

    private static async Task<TestNode> StartAsync(TestNode owner, Action<StickyForwardingOptions> configure, TimeProvider? time = null)
    {
        var ingress = await TestNode.StartAsync("a", EchoNodes.Echo, builder =>
        {
            builder.Services.Configure(configure);
            builder.Services.AddSingleton(time ?? TimeProvider.System);
        });
        ingress.Peers["b"] = owner.AsPeer();
        return ingress;
    }

    /// <returns>The status, and the body or the reason of a problem.</returns>
    private static async Task<(HttpStatusCode Status, string? Answer)> GetAsync(TestNode ingress)
    {
        using var client = ingress.Client();
        client.DefaultRequestHeaders.Add("To", "b");
        using var response = await client.GetAsync("/", Cancellation);
        return response.Content.Headers.ContentType?.MediaType == "application/problem+json"
            ? (response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation)).GetProperty("reason").GetString())
            : (response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation));
    }
}
