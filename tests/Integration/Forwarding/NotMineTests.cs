using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Forwarding;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;
using static StickySessions.Tests.Integration.Forwarding.EchoNodes;

namespace StickySessions.Tests.Integration.Forwarding;

/// <summary>An owner that refuses: the next node gets the whole request, and nothing that the application says is mistaken for a refusal.</summary>
public sealed class NotMineTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task NotMine_BodyWasKept_NextNodeGetsWholeBody(bool overInterconnect, bool chunked)
    {
        await using var first = await TestNode.StartAsync("b", Echo, WithoutInterconnect(!overInterconnect));
        await using var second = await TestNode.StartAsync("c", Echo, WithoutInterconnect(!overInterconnect));
        await using var ingress = await TestNode.StartAsync("a", Echo);
        first.RefusesAll = true;
        ingress.Peers["b"] = first.AsPeer(overInterconnect);
        ingress.Peers["c"] = second.AsPeer(overInterconnect);

        var (status, body) = await PostAsync(ingress, "b,c", Text(20_000), chunked);

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("c:" + Text(20_000), body);
        Assert.Equal(
            [new ForwardResult(ForwardStatus.NotMine, new NotMine(new NodeTag(7, 8), 9, 10, Ended: true)), new ForwardResult(ForwardStatus.Completed)],
            ingress.Results);
    }

    [Fact]
    public async Task NotMine_HandledHere_ApplicationGetsWholeBody()
    {
        await using var first = await TestNode.StartAsync("b", Echo);
        await using var ingress = await TestNode.StartAsync("a", Echo);
        first.RefusesAll = true;
        ingress.Peers["b"] = first.AsPeer();

        var (status, body) = await PostAsync(ingress, "b", Text(20_000), chunked: false);

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("a:" + Text(20_000), body);
    }

    [Fact]
    public async Task NotMine_MoreReadThanKept_IsAProblemThatSaysSo()
    {
        // The refusing node reads the body first, so that the ingress node has sent more than it keeps.
        await using var first = await TestNode.StartAsync("b", Echo, before: app => app.Use(async (context, next) =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            await next(context);
        }));
        await using var ingress = await TestNode.StartAsync("a", Echo);
        first.RefusesAll = true;
        ingress.Peers["b"] = first.AsPeer();

        var (status, body) = await PostAsync(ingress, "b", Text(300_000), chunked: false);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Equal("body-sent", JsonDocument.Parse(body).RootElement.GetProperty("reason").GetString());
    }

    [Theory]
    [InlineData(false, false, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData(false, true, HttpStatusCode.OK)]
    [InlineData(true, false, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData(true, true, HttpStatusCode.OK)]
    public async Task NotMine_HandledHere_LimitOfTheBodyHoldsUnlessTheEndpointRaisesIt(bool bodyWasSent, bool raises, HttpStatusCode expected)
    {
        await using var first = await TestNode.StartAsync("b", Echo, before: app => app.Use(async (context, next) =>
        {
            if (bodyWasSent)
            {
                await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            }

            await next(context);
        }));
        await using var ingress = await TestNode.StartAsync(
            "a",
            app =>
            {
                app.Use((context, next) =>
                {
                    if (raises)
                    {
                        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = 30_000;
                    }

                    return next(context);
                });
                Echo(app);
            },
            builder => builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = 1000));
        first.RefusesAll = true;
        ingress.Peers["b"] = first.AsPeer();
        ingress.Peers["c"] = first.AsPeer() with { Tag = new NodeTag(5, 5), Name = "c", Address = new Uri($"http://127.0.0.1:{FreePort.Next()}") };

        // Twice, so that the limit is lifted and in force again more than once.
        var (status, _) = await PostAsync(ingress, bodyWasSent ? "b,c" : "c,c", Text(20_000), chunked: true);

        Assert.Equal(expected, status);
    }

    [Fact]
    public async Task Application421_IsNeverMistakenForNotMine()
    {
        await using var owner = await TestNode.StartAsync("b", app => app.Map("/", context =>
        {
            context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
            context.Response.Headers[StickyHeaders.Answer] = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
            return context.Response.WriteAsync("mine");
        }));
        await using var ingress = await TestNode.StartAsync("a", Echo);
        ingress.Peers["b"] = owner.AsPeer();

        using var response = await SendAsync(ingress, HttpMethod.Get, "b");

        Assert.Equal(HttpStatusCode.MisdirectedRequest, response.StatusCode);
        Assert.Equal("mine", await response.Content.ReadAsStringAsync(Cancellation));
        Assert.False(response.Headers.Contains(StickyHeaders.Answer));
        Assert.Equal(ForwardStatus.Completed, (await ingress.ResultAsync()).Status);
    }

    [Theory]
    [InlineData(200, true)]
    [InlineData(401, true)]
    [InlineData(503, true)]
    [InlineData(401, false)]
    public async Task ApplicationUsesHeadersOfNodes_TheyMeanNothing(int status, bool overInterconnect)
    {
        await using var owner = await TestNode.StartAsync(
            "b",
            app => app.Map("/", context =>
            {
                context.Response.OnStarting(() =>
                {
                    context.Response.Headers[StickyHeaders.Refused] = "envelope";
                    context.Response.Headers[StickyHeaders.Status] = "299";
                    context.Response.Headers[StickyHeaders.Upgrade] = "anything";
                    return Task.CompletedTask;
                });
                context.Response.StatusCode = status;
                return context.Response.WriteAsync("mine");
            }),
            WithoutInterconnect(!overInterconnect));
        await using var ingress = await TestNode.StartAsync("a", Echo);
        ingress.Peers["b"] = owner.AsPeer(overInterconnect);

        using var response = await SendAsync(ingress, HttpMethod.Get, "b");

        Assert.Equal((status, "mine"), ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation)));
        Assert.Empty(response.Headers.Upgrade);
        Assert.Equal(ForwardStatus.Completed, (await ingress.ResultAsync()).Status);
    }

    [Fact]
    public async Task ApplicationResetsItsStreamAsRefused_AfterItsHeaders_IsNotTriedAgain()
    {
        await using var owner = await TestNode.StartAsync("b", app => app.Map("/", async (HttpContext context) =>
        {
            await context.Response.StartAsync();
            context.Features.GetRequiredFeature<IHttpResetFeature>().Reset(7);
        }));
        await using var ingress = await TestNode.StartAsync("a", Echo, builder => builder.WebHost.ConfigureKestrel(
            kestrel => kestrel.ConfigureEndpointDefaults(listen => listen.Protocols = Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols.Http2)));
        ingress.Peers["b"] = owner.AsPeer();
        using var client = ingress.Client(HttpVersion.Version20);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Add("To", "b");

        // An error or an abort, as far as the headers had come.
        await Record.ExceptionAsync(async () => (await client.SendAsync(request, Cancellation)).Dispose());

        Assert.Equal(ForwardStatus.Failed, (await ingress.ResultAsync()).Status);
    }
}
