using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Cluster;
using StickySessions.Forwarding;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Startup;

/// <summary>
/// However an application says where it listens, it listens there with this library as it does without it, and the interconnect
/// is one more listener. What the environment says is tried in <see cref="EndpointProcessTests"/>.
/// </summary>
public sealed class EndpointTests
{
    private static readonly Dictionary<string, string?> WithInterconnect = new() { ["Interconnect:Url"] = "http://127.0.0.1:0", ["Node:Name"] = "web-1" };

    private static readonly Dictionary<string, Func<int, int, TestAppSetup>> Setups = new()
    {
        ["--urls"] = (a, b) => new() { Arguments = ["--urls", $"http://127.0.0.1:{a};http://localhost:{b}"] },
        ["--http_ports"] = (a, b) => new() { Arguments = ["--http_ports", $"{a};{b}"] },
        ["Kestrel:Endpoints"] = (a, b) => new()
        {
            Arguments =
            [
                "--Kestrel:Endpoints:Shop:Url", $"http://127.0.0.1:{a}", "--Kestrel:Endpoints:Office:Url", $"http://localhost:{b}",
                "--Kestrel:Endpoints:Office:Protocols", "Http1",
            ],
        },
        ["Kestrel:Endpoints, which override --urls"] = (a, b) => new()
        {
            Arguments = ["--urls", $"http://127.0.0.1:{b}", "--Kestrel:Endpoints:Shop:Url", $"http://127.0.0.1:{a}"],
        },
        ["KestrelServerOptions.Listen"] = (a, b) => new()
        {
            Arguments = [],
            BeforeAdd = builder => builder.WebHost.ConfigureKestrel(kestrel =>
            {
                kestrel.ConfigureEndpointDefaults(listen => listen.Protocols = HttpProtocols.Http1);
                kestrel.Listen(IPAddress.Loopback, a);
                kestrel.ListenLocalhost(b);
            }),
        },
        ["KestrelServerOptions.Listen, configured last, which overrides --urls"] = (a, b) => new()
        {
            Arguments = ["--urls", $"http://127.0.0.1:{b}"],
            AfterAdd = builder => builder.Services.Configure<KestrelServerOptions>(kestrel => kestrel.Listen(IPAddress.Loopback, a)),
        },
        ["UseUrls"] = (a, b) => new()
        {
            Arguments = [],
            AfterAdd = builder => builder.WebHost.UseUrls($"http://127.0.0.1:{a}", $"http://localhost:{b}"),
        },
        ["app.Urls"] = (a, b) => new()
        {
            Arguments = [],
            Map = app =>
            {
                app.Urls.Add($"http://127.0.0.1:{a}");
                app.Urls.Add($"http://localhost:{b}");
            },
        },
    };

    public static TheoryData<string> Ways => [.. Setups.Keys];

    [Theory]
    [MemberData(nameof(Ways))]
    public Task Endpoints_ConfiguredInAnyWay_AreThoseOfTheApplicationAlone(string way)
        => FreePort.RetryAsync(async () =>
        {
            var setup = Setups[way](FreePort.Next(), FreePort.Next());
            string[] alone;
            await using (var app = await TestApp.StartAsync(setup with { IsSticky = false }))
            {
                alone = app.Addresses;
            }

            await using var sticky = await TestApp.StartAsync(setup with { Sticky = WithInterconnect });

            Assert.NotEmpty(alone);
            Assert.Equal(alone, sticky.Addresses);
            for (var listener = 0; listener < alone.Length; listener++)
            {
                Assert.Equal(HttpStatusCode.OK, (await sticky.GetAsync("/session", listener: listener)).Status);
            }

            await AssertIsFurtherListenerAsync(sticky.Services, alone);
            return true;
        });

    /// <summary>The order matters: the library sees a server that is registered before it, and not one after it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task TestServer_RegisteredBeforeOrAfter_StaysTheServer(bool before)
    {
        Action<WebApplicationBuilder> useTestServer = builder => builder.WebHost.UseTestServer();
        await using var sticky = await TestApp.StartAsync(new TestAppSetup
        {
            Sticky = WithInterconnect,
            BeforeAdd = before ? useTestServer : _ => { },
            AfterAdd = before ? _ => { } : useTestServer,
        });

        Assert.IsType<TestServer>(sticky.Services.GetRequiredService<IServer>());
        using var client = sticky.App.GetTestClient();
        using var answer = await client.GetAsync(new Uri("/session", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True(answer.Headers.Contains("Set-Cookie"));
        await AssertIsFurtherListenerAsync(sticky.Services, []);
    }

    [Fact]
    public async Task NodeAlone_WithoutInterconnectConfigured_HasNone()
    {
        await using var sticky = await TestApp.StartAsync(new TestAppSetup());

        Assert.Null(sticky.Services.GetRequiredService<InterconnectAddress>().Listening);
        Assert.Equal(HttpStatusCode.OK, (await sticky.GetAsync("/session")).Status);
    }

    /// <summary>It is none of the application's listeners, and it answers what only an interconnect answers.</summary>
    private static async Task AssertIsFurtherListenerAsync(IServiceProvider services, string[] addresses)
    {
        var interconnect = services.GetRequiredService<InterconnectAddress>().Listening;
        Assert.NotNull(interconnect);
        Assert.DoesNotContain(interconnect.Port, addresses.Select(address => BindingAddress.Parse(address).Port));

        var answer = await services.GetRequiredService<IPeerClient>()
            .AskStatusAsync(interconnect, hasInterconnect: true, null, TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Equal("web-1", PeerStatus.Parse(answer.Content)?.Name);
    }
}
