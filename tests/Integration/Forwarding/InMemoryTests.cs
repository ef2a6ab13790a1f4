using System.Net.Http.Json;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Forwarding;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Forwarding;

/// <summary>Nodes on test servers, joined by the named client's primary handler: no interconnect, no sockets.</summary>
public sealed class InMemoryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/facts/x?q=1")]
    [InlineData("/facts/a%2Fb%20c/d;e?x=%2f")]
    public async Task TestServers_JoinedByHandler_ForwardToEachOther(string target)
    {
        await using var owner = await TestNode.StartAsync("b", ForwardingTests.Facts, InMemory(null));
        var server = ServerOf(owner);
        await using var ingress = await TestNode.StartAsync("a", ForwardingTests.Facts, InMemory(server));
        ingress.Peers["b"] = new Node { Tag = new NodeTag(1, 1), Name = "b", Address = new Uri("http://b"), HasInterconnect = false };
        using var client = ServerOf(ingress).CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, target) { Content = new StringContent("hello", Encoding.UTF8) };
        request.Headers.Add("To", "b");
        request.Headers.Host = "shop.example";

        using var response = await client.SendAsync(request, Cancellation);
        var seen = await response.Content.ReadFromJsonAsync<Dictionary<string, string?>>(Cancellation);

        Assert.Equal(("a", "hello", "shop.example", ""), (seen!["ingress"], seen["body"], seen["host"], seen["sticky"]));
        Assert.Equal(ForwardStatus.Completed, (await ingress.ResultAsync()).Status);
    }

    [Fact]
    public async Task TestServer_WithInterconnect_ServesForwardedRequestsThroughTheStartupFilter()
    {
        await using var owner = await TestNode.StartAsync("b", ForwardingTests.Facts, builder =>
        {
            InMemory(null)(builder);
            EchoNodes.WithoutInterconnect(false)(builder);
        });
        await using var ingress = await TestNode.StartAsync("a", ForwardingTests.Facts);
        ingress.Peers["b"] = owner.AsPeer();
        using var client = ingress.Client();
        client.DefaultRequestHeaders.Add("To", "b");

        var seen = await client.GetFromJsonAsync<Dictionary<string, string?>>("/facts/x", Cancellation);

        Assert.Equal("a", seen!["ingress"]);
        Assert.Equal("127.0.0.1", seen["remote"]);
    }

    private static Action<WebApplicationBuilder> InMemory(TestServer? peer) => builder =>
    {
        EchoNodes.WithoutInterconnect(true)(builder);
        builder.WebHost.UseTestServer();
        if (peer is not null)
        {
            builder.Services.AddHttpClient("StickySessions").ConfigurePrimaryHttpMessageHandler(() => peer.CreateHandler());
        }
    };

    private static TestServer ServerOf(TestNode node) => (TestServer)node.Services.GetRequiredService<IServer>();
}
