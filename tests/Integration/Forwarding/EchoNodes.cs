using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Forwarding;

namespace StickySessions.Tests.Integration.Forwarding;

/// <summary>Nodes that answer with their name and what they were sent, and requests that enter at one of them and are meant for others.</summary>
internal static class EchoNodes
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static Action<WebApplicationBuilder> WithoutInterconnect(bool without) => builder =>
        builder.Services.Configure<StickyInterconnectOptions>(options => options.Enabled = !without);

    public static void Echo(WebApplication app) => app.Map("/", async context =>
    {
        using var reader = new StreamReader(context.Request.Body);
        var name = context.RequestServices.GetRequiredService<Microsoft.Extensions.Options.IOptions<StickyNodeOptions>>().Value.Name;
        await context.Response.WriteAsync(name + ":" + await reader.ReadToEndAsync());
    });

    public static string Text(int length) => string.Concat(Enumerable.Range(0, length).Select(index => (char)('a' + (index % 26))));

    public static async Task<(HttpStatusCode Status, string Body)> PostAsync(TestNode ingress, string to, string body, bool chunked)
    {
        using var client = ingress.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new StringContent(body) };
        request.Headers.Add("To", to);
        request.Headers.TransferEncodingChunked = chunked;
        using var response = await client.SendAsync(request, Cancellation);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation));
    }

    public static async Task<HttpResponseMessage> SendAsync(TestNode ingress, HttpMethod method, string to, bool die = false, bool expectContinue = false)
    {
        using var client = ingress.Client();
        using var request = new HttpRequestMessage(method, "/");
        request.Headers.Add("To", to);
        if (die)
        {
            request.Headers.Add("Die", "1");
        }

        if (expectContinue)
        {
            request.Content = new StringContent(Text(5000));
            request.Headers.ExpectContinue = true;
        }

        return await client.SendAsync(request, Cancellation);
    }
}
