using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using static StickySessions.Tests.Integration.Forwarding.TwoNodes;

namespace StickySessions.Tests.Integration.Forwarding;

/// <summary>Who asks for a body, and whose limit it is held to: the owner.</summary>
public sealed class RequestBodyTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ExpectContinue_OwnerAnswersWithoutReading_BodyIsNeverSent()
    {
        var (owner, ingress) = await StartAsync(app => app.MapPost("/", (HttpContext context) =>
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        }));
        await using var b = owner;
        await using var a = ingress;
        using var handler = new SocketsHttpHandler { Expect100ContinueTimeout = Timeout.InfiniteTimeSpan };
        using var client = new HttpClient(handler) { BaseAddress = ingress.PublicAddress };
        var content = new DuplexContent("text/plain");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = content };
        request.Headers.Add("To", "b");
        request.Headers.ExpectContinue = true;

        using var response = await client.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.False(content.Stream.Task.IsCompleted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ExpectContinue_OwnerReads_BodyArrives(bool overInterconnect)
    {
        var (owner, ingress) = await StartAsync(EchoNodes.Echo, "1.1", overInterconnect);
        await using var b = owner;
        await using var a = ingress;
        using var client = ingress.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new StringContent("hello") };
        request.Headers.Add("To", "b");
        request.Headers.ExpectContinue = true;

        using var response = await client.SendAsync(request, Cancellation);

        Assert.Equal("b:hello", await response.Content.ReadAsStringAsync(Cancellation));
    }

    [Theory]
    [InlineData("/raised", HttpStatusCode.OK, true)]
    [InlineData("/default", HttpStatusCode.RequestEntityTooLarge, true)]
    [InlineData("/raised", HttpStatusCode.OK, false)]
    public async Task LimitOfBody_IsTheOwnersEndpoints(string path, HttpStatusCode expected, bool overInterconnect)
    {
        const int Limit = 100_000;
        void LimitBody(WebApplicationBuilder builder) => builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = Limit);
        var (owner, ingress) = await StartAsync(
            app =>
            {
                app.MapPost("/raised", async (HttpContext context) =>
                {
                    context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
                    await context.Request.Body.CopyToAsync(Stream.Null);
                });
                app.MapPost("/default", (HttpContext context) => context.Request.Body.CopyToAsync(Stream.Null));
            },
            "1.1",
            overInterconnect,
            LimitBody);
        await using var b = owner;
        await using var a = ingress;
        using var client = ingress.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(new byte[2 * Limit]) };
        request.Headers.Add("To", "b");
        request.Headers.ExpectContinue = true;

        using var response = await client.SendAsync(request, Cancellation);

        Assert.Equal(expected, response.StatusCode);
    }
}
