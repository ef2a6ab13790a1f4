using System.Globalization;
using System.Net;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>
/// The official MCP client for C# and a server with sessions: what was remembered, the stream that the client opened with GET and the
/// answers to the server's own requests must meet in one process. They are bound by a cookie, and by the header that names the session.
/// </summary>
[Collection(nameof(RealClientTests))]
public sealed class McpTests(SharedClientApps apps)
{
    private const int Sessions = 4;
    private const int Rounds = 20;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Spraying.Connections, true)]
    [InlineData(Spraying.Connections, false)]
    [InlineData(Spraying.Requests, true)]
    [InlineData(Spraying.Requests, false)]
    public async Task Session_BehindABalancerThatSprays_RemembersEverything(Spraying spraying, bool byCookie)
    {
        var address = await (await (byCookie ? apps.StickyAsync() : apps.StickyByHeadersAsync())).AddressAsync(spraying);
        await Task.WhenAll(Enumerable.Range(0, Sessions).Select(_ => RememberAsync(address, byCookie)));
    }

    [Theory]
    [InlineData(Spraying.Connections)]
    [InlineData(Spraying.Requests)]
    public async Task Session_WithoutStickySessions_IsNotFound(Spraying spraying)
    {
        using var exchanges = new McpExchanges(keepsCookies: true);
        var address = await (await apps.UnstickyAsync()).AddressAsync(spraying);

        await Assert.ThrowsAnyAsync<Exception>(async () => await RememberAllAsync(await ConnectAsync(address, exchanges), exchanges));
        Assert.Contains(exchanges.Seen, exchange => exchange.Status == HttpStatusCode.NotFound);
    }

    private static async Task RememberAsync(Uri address, bool byCookie)
    {
        using var exchanges = new McpExchanges(keepsCookies: byCookie);
        await RememberAllAsync(await ConnectAsync(address, exchanges), exchanges);

        Assert.All(exchanges.Seen, exchange => Assert.True((int)exchange.Status is >= 200 and < 300, exchange.ToString()));
        Assert.Single(exchanges.Seen, exchange => exchange.Method == HttpMethod.Get);
        Assert.Single(exchanges.Seen, exchange => exchange.Method == HttpMethod.Delete);

        // The first request has no session yet; its answer names the one that all others are in.
        Assert.Single(exchanges.Seen.Select(exchange => exchange.SessionId).Where(session => session is not null).Distinct());
        Assert.Single(exchanges.Seen, exchange => exchange.SessionId is null);
    }

    private static async Task RememberAllAsync(McpClient client, McpExchanges exchanges)
    {
        await using (client)
        {
            Assert.Equal("2025-11-25", client.NegotiatedProtocolVersion);
            await Eventually.Async(() => exchanges.Seen.Any(exchange => exchange.Method == HttpMethod.Get), "the stream of GET is open");

            var words = new List<string>();
            for (var round = 0; round < Rounds; round++)
            {
                foreach (var (tool, parameter) in new[] { ("remember", "word"), ("ask", "question"), ("ask_aside", "question") })
                {
                    var word = $"{tool}-{round}";
                    words.Add(word);
                    Assert.Equal(words.Count.ToString(CultureInfo.InvariantCulture), await CallAsync(client, tool, (parameter, word)));
                }
            }

            Assert.Equal(string.Join(' ', words), await CallAsync(client, "recall"));
        }
    }

    private static Task<McpClient> ConnectAsync(Uri address, McpExchanges exchanges)
        => McpClient.CreateAsync(
            new HttpClientTransport(
                new HttpClientTransportOptions { Endpoint = new Uri(address, "/mcp"), TransportMode = HttpTransportMode.StreamableHttp },
                exchanges.Client),
            new McpClientOptions
            {
                // The last revision that has sessions; by itself the client would try a newer one first.
                ProtocolVersion = "2025-11-25",
                Handlers = new McpClientHandlers
                {
#pragma warning disable MCP9005 // Sampling ends with the revision that ends sessions.
                    SamplingHandler = (request, _, _) => ValueTask.FromResult(new CreateMessageResult
                    {
                        Model = "a parrot",
                        Role = Role.Assistant,
                        Content = request!.Messages[0].Content,
                    }),
#pragma warning restore MCP9005
                },
            },
            cancellationToken: Cancellation);

    private static async Task<string> CallAsync(McpClient client, string tool, params (string Name, string Value)[] arguments)
    {
        var result = await client.CallToolAsync(
            tool, arguments.ToDictionary(argument => argument.Name, argument => (object?)argument.Value), cancellationToken: Cancellation);
        return Assert.IsType<TextContentBlock>(Assert.Single(result.Content)).Text;
    }
}
