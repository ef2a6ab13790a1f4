using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using StickySessions.Tests.Integration.Conformance.Application;
using StickySessions.Tests.Integration.Conformance.Clients;
using StickySessions.Tests.Integration.Conformance.Comparing;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Conformance.Rows;

/// <summary>WebSockets of HTTP/1.1 clients (an upgraded GET) and of HTTP/2 clients (an extended CONNECT).</summary>
public sealed class WebSocketRows(ConformanceClusters clusters, GarnetServerFixture garnet) : ConformanceRows(clusters, garnet)
{
    private static readonly string[] Versions = ["1.1", "2.0"];

    public static TheoryData<Transport> Every => [.. Transports.All];

    public static TheoryData<Transport, int, bool, bool> Ignored
    {
        get
        {
            var cases = new TheoryData<Transport, int, bool, bool>();
            foreach (var transport in Transports.All)
            {
                cases.Add(transport, 200, false, true);
                cases.Add(transport, 200, true, true);
                cases.Add(transport, 200, true, false);
                cases.Add(transport, 204, true, false);
                cases.Add(transport, 404, true, true);
            }

            return cases;
        }
    }

    public static MatrixTheoryData<Transport, string> Cases => new(Transports.All, Versions);

    [Theory, MemberData(nameof(Every))]
    public async Task Handshake_Http11Client_IsTheSame(Transport transport)
    {
        var answer = await SameAsDirectAsync(transport, async route =>
        {
            await using var connection = await route.ConnectAsync();
            await connection.WriteAsync(new RawRequest("GET /ws/get-only?room=1 HTTP/1.1")
            {
                Headers =
                [
                    "Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: chat.v1, chat.v2", "Origin: http://shop.test",
                ],
            }.HeadBytes(route));
            var answer = new Fields();
            (await connection.ReadHeadAsync()).AddTo(answer, number: 1);
            return answer;
        });

        Assert.Equal("101", answer["status"]);
        Assert.Equal("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", answer["header", "SEC-WEBSOCKET-ACCEPT"]);
    }

    [Theory, MemberData(nameof(Cases))]
    public Task Messages_SmallAndLarge_ComeBack(Transport transport, string version)
        => SameAsDirectAsync(transport, route => EchoAsync(route, version, "/ws/echo", _ => { }));

    [Theory, MemberData(nameof(Cases))]
    public Task Messages_Compressed_ComeBack(Transport transport, string version)
        => SameAsDirectAsync(transport, route => EchoAsync(
            route, version, "/ws/compressed", options => options.DangerousDeflateOptions = new WebSocketDeflateOptions()));

    [Theory, MemberData(nameof(Cases))]
    public async Task Application_Closes_ClientSeesCodeAndReason(Transport transport, string version)
    {
        var answer = await SameAsDirectAsync(transport, route => ReceiveAsync(route, version, "/ws/closes"));

        Assert.Equal("InternalServerError sorry", answer["close"]);
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task Application_Aborts_ClientSeesNoClose(Transport transport, string version)
    {
        var answer = await SameAsDirectAsync(transport, route => ReceiveAsync(route, version, "/ws/aborts"));

        Assert.Equal("Aborted", answer["state"]);
    }

    [Theory, MemberData(nameof(Cases))]
    public Task Client_Vanishes_ApplicationIsCancelled(Transport transport, string version)
        => SameAsDirectAsync(transport, async route =>
        {
            using var socket = await ConnectAsync(route, version, "/ws/echo", new Fields());
            socket.Abort();
            var request = await route.Recorded.FirstAsync();
            await Eventually.Async(() => request.Aborted.IsCompleted, "the application's RequestAborted is cancelled");
            return new Fields();
        });

    [Theory, MemberData(nameof(Cases))]
    public async Task Application_Refuses_ClientSeesStatus(Transport transport, string version)
    {
        var answer = await SameAsDirectAsync(transport, async route =>
        {
            var answer = new Fields();
            await Assert.ThrowsAsync<WebSocketException>(() => ConnectAsync(route, version, "/ws/refused", answer));
            return answer;
        });

        Assert.Equal("403", answer["status"]);
    }

    [Theory, MemberData(nameof(Ignored))]
    public async Task Application_IgnoresUpgrade_ClientSeesItsAnswer(Transport transport, int status, bool flush, bool body)
    {
        var answer = await SameAsDirectAsync(transport, async route =>
        {
            await using var connection = await route.ConnectAsync();
            await connection.WriteAsync(new RawRequest($"GET /ws/ignored?status={status}&flush={flush}&body={body} HTTP/1.1")
            {
                Headers =
                [
                    "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                ],
            }.HeadBytes(route));
            var answer = new Fields();
            var head = await connection.ReadHeadAsync();
            head.AddTo(answer, number: 1);
            (await route.Recorded.FirstAsync()).TellToGoOn();
            await connection.ReadBodyAsync(head, answer);
            return answer;
        });

        Assert.Equal(status.ToString(CultureInfo.InvariantCulture), answer["status"]);
    }

    private static async Task<Fields> EchoAsync(Route route, string version, string path, Action<ClientWebSocketOptions> configure)
    {
        var answer = new Fields();
        using var socket = await ConnectAsync(route, version, path, answer, configure);
        foreach (var length in (int[])[0, 1, 125, 126, 65_536, 1_000_003])
        {
            var sent = new byte[length];
            new Random(length).NextBytes(sent);
            // Both at once: an echo that nobody reads stops the sender, as it should.
            var sending = socket.SendAsync(sent, WebSocketMessageType.Binary, endOfMessage: true, TestContext.Current.CancellationToken);
            Assert.Equal(sent, await socket.ReceiveMessageAsync());
            await sending;
        }

        await socket.CloseAsync((WebSocketCloseStatus)4001, "grüß Gott", TestContext.Current.CancellationToken);
        answer.Set("close", $"{socket.CloseStatus} {socket.CloseStatusDescription}");
        return answer;
    }

    private static async Task<Fields> ReceiveAsync(Route route, string version, string path)
    {
        var answer = new Fields();
        using var socket = await ConnectAsync(route, version, path, answer);
        (await route.Recorded.FirstAsync()).TellToGoOn();
        try
        {
            while (await socket.ReceiveMessageAsync() is not null)
            {
            }

            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, TestContext.Current.CancellationToken);
        }
        catch (WebSocketException)
        {
            answer.Set("ending", "broken off");
        }

        answer.Set("state", socket.State);
        answer.Set("close", $"{socket.CloseStatus} {socket.CloseStatusDescription}");
        return answer;
    }

    private static async Task<ClientWebSocket> ConnectAsync(
        Route route, string version, string path, Fields answer, Action<ClientWebSocketOptions>? configure = null)
    {
        var socket = new ClientWebSocket();
        socket.Options.HttpVersion = Version.Parse(version);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.SetRequestHeader("Host", Pipelines.Host);
        socket.Options.SetRequestHeader("Cookie", route.Cookie);
        socket.Options.SetRequestHeader(RequestRecorder.IdHeader, route.Id);
        socket.Options.AddSubProtocol("chat.v1");
        socket.Options.AddSubProtocol(WebSocketEndpoints.Protocol);
        configure?.Invoke(socket.Options);
        var listener = socket.Options.HttpVersion == HttpVersion.Version11 ? route.Ingress.Http : route.Ingress.H2c;
        try
        {
            using var client = new HttpMessageInvoker(route.CreateHandler(), disposeHandler: false);
            await socket.ConnectAsync(new UriBuilder(listener) { Scheme = "ws", Path = path }.Uri, client, TestContext.Current.CancellationToken);
        }
        finally
        {
            Describe(socket, answer);
            route.Recorded.Fields.Hide("SEC-WEBSOCKET-KEY");
        }

        return socket;
    }

    private static void Describe(ClientWebSocket socket, Fields answer)
    {
        answer.Set("status", ((int)socket.HttpStatusCode).ToString(CultureInfo.InvariantCulture));
        answer.Set("subprotocol", socket.SubProtocol);
        foreach (var (name, values) in socket.HttpResponseHeaders ?? new Dictionary<string, IEnumerable<string>>())
        {
            answer.AddHeader(name, values.Select(value => ServerClock.IsNow(name, value) ? "now" : value));
        }

        // It follows from a key that the client makes up each time.
        answer.Hide("SEC-WEBSOCKET-ACCEPT");
    }
}
