using System.Net;
using Microsoft.AspNetCore.Http.Connections;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>The official SignalR client for .NET, which keeps cookies.</summary>
[Collection(nameof(RealClientTests))]
public sealed class SignalRDotNetTests(SharedClientApps apps)
{
    private const int Visitors = 20;
    private const int ConnectionsOfEach = 10;
    private const int Messages = 3;

    public static MatrixTheoryData<Spraying, HttpTransportType> Transports { get; } = new(
        Enum.GetValues<Spraying>(),
        [HttpTransportType.WebSockets, HttpTransportType.ServerSentEvents, HttpTransportType.LongPolling]);

    /// <summary>Server-sent events are text: with them the client refuses MessagePack.</summary>
    public static IEnumerable<TheoryDataRow<Spraying, HttpTransportType, bool>> TransportsAndProtocols { get; } =
        from spraying in Enum.GetValues<Spraying>()
        from transport in new[] { HttpTransportType.WebSockets, HttpTransportType.ServerSentEvents, HttpTransportType.LongPolling }
        from isMessagePack in transport == HttpTransportType.ServerSentEvents ? new[] { false } : [false, true]
        select new TheoryDataRow<Spraying, HttpTransportType, bool>(spraying, transport, isMessagePack);

    [Theory]
    [MemberData(nameof(TransportsAndProtocols))]
    public async Task Connections_OfVisitorsWhoKeepCookies_AreCountedOn(Spraying spraying, HttpTransportType transport, bool isMessagePack)
    {
        var address = await (await apps.StickyAsync()).AddressAsync(spraying);
        var visits = await Task.WhenAll(Enumerable.Range(0, Visitors).Select(async _ =>
        {
            var cookies = await OpenPageAsync(address);
            return await Task.WhenAll(Enumerable.Range(0, ConnectionsOfEach).Select(async _ =>
            {
                var connection = new ChatConnection(address, transport, cookies, isMessagePack);
                await connection.StartAsync();
                return (Connection: connection, Told: await connection.TalkAsync(Messages));
            }));
        }));

        // All at once until here.
        var troubles = visits.SelectMany(visit => visit).SelectMany(one => one.Connection.Troubles).ToArray();
        await Task.WhenAll(visits.SelectMany(visit => visit).Select(one => one.Connection.DisposeAsync().AsTask()));

        Assert.Empty(troubles);
        Assert.All(visits, visit => Told.AssertCountedOn([.. visit.Select(one => one.Told)], Messages));
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Connection_WithoutStickySessions_IsNotFound(Spraying spraying, HttpTransportType transport)
    {
        var address = await (await apps.UnstickyAsync()).AddressAsync(spraying);
        await AssertNotFoundAsync(new ChatConnection(address, transport, await OpenPageAsync(address)));
    }

    /// <summary>To the default policy each of its requests is a new visitor's.</summary>
    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Connection_ThatIgnoresCookies_IsNotFound(Spraying spraying, HttpTransportType transport)
    {
        var address = await (await apps.StickyAsync()).AddressAsync(spraying);
        await AssertNotFoundAsync(new ChatConnection(address, transport, cookies: null));
    }

    private static async Task AssertNotFoundAsync(ChatConnection connection)
    {
        await using (connection)
        {
            var failure = await Assert.ThrowsAnyAsync<Exception>(async () =>
            {
                await connection.StartAsync();
                await connection.TalkAsync(Messages);
            });
            Assert.Matches(@"'404'|404 \(Not Found\)", failure.ToString());
        }
    }

    /// <summary>What a browser has done before its scripts connect.</summary>
    private static async Task<CookieContainer> OpenPageAsync(Uri address)
    {
        var cookies = new CookieContainer();
        using var handler = new SocketsHttpHandler { CookieContainer = cookies };
        using var client = new HttpClient(handler);
        Assert.Equal("1", await client.GetStringAsync(new Uri(address, "/count"), TestContext.Current.CancellationToken));
        return cookies;
    }
}
