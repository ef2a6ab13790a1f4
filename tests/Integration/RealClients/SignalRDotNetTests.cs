using System.Net;
using Microsoft.AspNetCore.Http.Connections;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>The official SignalR client for .NET, which keeps cookies unless it is told not to.</summary>
[Collection(nameof(RealClientTests))]
public sealed class SignalRDotNetTests(SharedClientApps apps)
{
    /// <summary>Configuration of the nodes whose clients ignore cookies.</summary>
    public const string WithoutCookies = "--StickySessions:Policy:Preset=SignalRWithoutCookies";

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

    /// <summary>The first answer is the same in all runs; by long polling all requests after it must find the session, too.</summary>
    public static int ConnectionsWithoutCookies(HttpTransportType transport, bool isMessagePack)
        => transport == HttpTransportType.LongPolling && !isMessagePack ? 200 : 50;

    [Theory]
    [MemberData(nameof(TransportsAndProtocols))]
    public async Task Connections_OfVisitorsWhoKeepCookies_AreCountedOn(Spraying spraying, HttpTransportType transport, bool isMessagePack)
    {
        var address = await (await apps.StickyAsync()).AddressAsync(spraying);
        var visits = await Task.WhenAll(Enumerable.Range(0, Visitors).Select(async _ =>
        {
            var cookies = await OpenPageAsync(address);
            return await Task.WhenAll(Enumerable.Range(0, ConnectionsOfEach).Select(_ => TalkAsync(address, transport, cookies, isMessagePack)));
        }));
        var told = await StopAsync([.. visits.SelectMany(visit => visit)]);
        Assert.All(told.Chunk(ConnectionsOfEach), visit => Told.AssertCountedOn(visit, Messages));
    }

    /// <summary>The answer to their first request tells them where to go on.</summary>
    [Theory]
    [MemberData(nameof(TransportsAndProtocols))]
    public async Task Connections_ThatIgnoreCookies_AreCountedOn(Spraying spraying, HttpTransportType transport, bool isMessagePack)
    {
        var address = await (await apps.StickyAsync(WithoutCookies)).AddressAsync(spraying);
        var connections = ConnectionsWithoutCookies(transport, isMessagePack);
        var talks = await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => TalkAsync(address, transport, cookies: null, isMessagePack)));
        Told.AssertCountedOnEach(await StopAsync(talks), Messages);
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

    private static async Task<(ChatConnection Connection, Told Told)> TalkAsync(Uri address, HttpTransportType transport, CookieContainer? cookies, bool isMessagePack)
    {
        var connection = new ChatConnection(address, transport, cookies, isMessagePack);
        await connection.StartAsync();
        return (connection, await connection.TalkAsync(Messages));
    }

    /// <summary>All connections were open at once until here, and none had any trouble.</summary>
    private static async Task<Told[]> StopAsync((ChatConnection Connection, Told Told)[] talks)
    {
        var troubles = talks.SelectMany(talk => talk.Connection.Troubles).ToArray();
        await Task.WhenAll(talks.Select(talk => talk.Connection.DisposeAsync().AsTask()));
        Assert.Empty(troubles);
        return [.. talks.Select(talk => talk.Told)];
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
