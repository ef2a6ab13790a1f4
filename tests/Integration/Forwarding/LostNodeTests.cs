using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;
using StickySessions.Forwarding;

namespace StickySessions.Tests.Integration.Forwarding;

/// <summary>What waits for a node that left the view: it may be frozen, and then neither answers nor closes a connection.</summary>
public sealed class LostNodeTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly ChangingView _membership = new();
    private readonly TaskCompletionSource _running = new();
    private readonly TaskCompletionSource _answer = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task OwnerLeavesTheView_WhatWaitsForItsAnswerIsOwnerLost(bool overInterconnect)
    {
        await using var owner = await StartOwnerAsync(overInterconnect);
        await using var ingress = await StartIngressAsync();
        var peer = ingress.Peers["b"] = owner.AsPeer(overInterconnect);
        _membership.Change(peer);
        var sending = SendAsync(ingress);
        await _running.Task.WaitAsync(Cancellation);

        _membership.Change();
        _time.Advance(TimeSpan.FromSeconds(5));
        using var response = await sending.WaitAsync(Cancellation);

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancellation)).RootElement;
        Assert.Equal("owner-lost", problem.GetProperty("reason").GetString());
        Assert.Equal(ForwardStatus.Failed, (await ingress.ResultAsync()).Status);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task OwnerDrainedOrIsBackInTheView_ItsAnswerArrives(bool drains, bool comesBack)
    {
        await using var owner = await StartOwnerAsync(overInterconnect: true);
        await using var ingress = await StartIngressAsync();
        var peer = ingress.Peers["b"] = owner.AsPeer();
        _membership.Change(peer with { State = NodeState.Active });
        var sending = SendAsync(ingress);
        await _running.Task.WaitAsync(Cancellation);

        _membership.Change(peer with { State = drains ? NodeState.Draining : NodeState.Active });
        _membership.Change();
        if (comesBack)
        {
            _membership.Change(peer);
        }

        _time.Advance(TimeSpan.FromMinutes(1));
        _answer.SetResult();
        using var response = await sending.WaitAsync(Cancellation);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task OwnerLeavesTheView_AnswerThatHasBegunGoesOn()
    {
        await using var owner = await TestNode.StartAsync("b", app => app.Map("/", async (HttpContext context) =>
        {
            await context.Response.WriteAsync("first ");
            await context.Response.Body.FlushAsync();
            await _answer.Task;
            await context.Response.WriteAsync("second");
        }));
        await using var ingress = await StartIngressAsync();
        var peer = ingress.Peers["b"] = owner.AsPeer();
        _membership.Change(peer);
        using var response = await SendAsync(ingress);

        _membership.Change();
        _time.Advance(TimeSpan.FromMinutes(1));
        _answer.SetResult();

        Assert.Equal("first second", await response.Content.ReadAsStringAsync(Cancellation));
    }

    private Task<TestNode> StartOwnerAsync(bool overInterconnect) => TestNode.StartAsync(
        "b",
        app => app.Map("/", async (HttpContext context) =>
        {
            _running.TrySetResult();
            using var gone = context.RequestAborted.Register(() => _answer.TrySetResult());
            await _answer.Task;
        }),
        EchoNodes.WithoutInterconnect(!overInterconnect));

    private Task<TestNode> StartIngressAsync() => TestNode.StartAsync("a", configure: builder =>
    {
        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.Services.AddSingleton<IClusterMembership>(_membership);
    });

    private static async Task<HttpResponseMessage> SendAsync(TestNode ingress)
    {
        using var client = ingress.Client();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.Add("To", "b");
        return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
    }
}
