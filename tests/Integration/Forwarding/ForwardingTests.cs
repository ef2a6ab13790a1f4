using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using StickySessions.Forwarding;

namespace StickySessions.Tests.Integration.Forwarding;

public sealed class ForwardingTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Forward_OverInterconnect_OwnerSeesOriginalRequest()
    {
        await using var owner = await TestNode.StartAsync("b", Facts);
        await using var ingress = await TestNode.StartAsync("a", Facts);
        ingress.Peers["b"] = owner.AsPeer();
        using var client = ingress.Client();

        var request = new HttpRequestMessage(HttpMethod.Post, "/facts/x%2Fy?q=%20&z") { Content = new StringContent("hello") };
        request.Headers.Add("To", "b");
        request.Headers.Host = "shop.example:81";
        using var response = await client.SendAsync(request, Cancellation);
        var seen = await response.Content.ReadFromJsonAsync<Dictionary<string, string?>>(Cancellation);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("POST", seen!["method"]);
        Assert.Equal("/facts/x%2Fy?q=%20&z", seen["target"]);
        Assert.Equal("shop.example:81", seen["host"]);
        Assert.Equal("http", seen["scheme"]);
        Assert.Equal("HTTP/1.1", seen["protocol"]);
        Assert.Equal("127.0.0.1", seen["remote"]);
        Assert.Equal(ingress.PublicAddress.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), seen["localPort"]);
        Assert.Equal("hello", seen["body"]);
        Assert.Equal("", seen["sticky"]);
        Assert.Equal("a", seen["ingress"]);
        Assert.DoesNotContain(response.Headers, header => StickyHeaders.IsReserved(header.Key));
        Assert.Equal(ForwardStatus.Completed, (await ingress.ResultAsync()).Status);
    }

    internal static void Facts(WebApplication app) => app.Map("/facts/{**rest}", async context =>
    {
        var request = context.Request;
        using var reader = new StreamReader(request.Body);
        await context.Response.WriteAsJsonAsync(new Dictionary<string, string?>
        {
            ["method"] = request.Method,
            ["target"] = context.Features.Get<IHttpRequestFeature>()!.RawTarget,
            ["host"] = request.Headers.Host,
            ["scheme"] = request.Scheme,
            ["protocol"] = request.Protocol,
            ["remote"] = context.Connection.RemoteIpAddress?.ToString(),
            ["localPort"] = context.Connection.LocalPort.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["sticky"] = string.Join(',', request.Headers.Keys.Where(StickyHeaders.IsReserved)),
            ["ingress"] = context.Features.Get<IForwardedRequestFeature>()?.Ingress,
            ["forwardedFor"] = request.Headers["X-Forwarded-For"],
            ["contentLength"] = request.Headers.ContentLength?.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["pathBase"] = request.PathBase,
            ["path"] = request.Path,
            ["body"] = await reader.ReadToEndAsync(),
        });
    });
}
