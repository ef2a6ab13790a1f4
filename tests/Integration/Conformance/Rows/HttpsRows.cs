using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using StickySessions.Tests.Integration.Conformance.Application;
using StickySessions.Tests.Integration.Conformance.Clients;
using StickySessions.Tests.Integration.Conformance.Comparing;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Conformance.Rows;

/// <summary>Clients of the public HTTPS listener: the owner sees <c>https</c> and the client's certificate whatever lies between.</summary>
public sealed class HttpsRows(ConformanceClusters clusters, GarnetServerFixture garnet)
    : ConformanceRows(clusters, garnet), IDisposable
{
    private readonly X509Certificate2 _certificate = TestCertificate.Create("client.test");

    public static TheoryData<Transport> Every => [.. Transports.All];

    /// <summary>With and without a client certificate.</summary>
    public static MatrixTheoryData<Transport, bool> Cases => new(Transports.All, [true, false]);

    public void Dispose() => _certificate.Dispose();

    [Theory, MemberData(nameof(Cases))]
    public Task Request_OfHttp11Client_IsTheSame(Transport transport, bool withCertificate)
        => SameAsDirectAsync(transport, async route =>
        {
            await using var connection = await route.ConnectAsync(withCertificate ? _certificate : null, https: true);
            var answer = await connection.SendAsync(route, new RawRequest("GET /echo?a HTTP/1.1"));
            AssertSeen(route, withCertificate);
            return answer;
        });

    [Theory, MemberData(nameof(Cases))]
    public Task Request_OfHttp2Client_IsTheSame(Transport transport, bool withCertificate)
        => SameAsDirectAsync(transport, async route =>
        {
            using var client = new HttpMessageInvoker(route.CreateHandler(withCertificate ? _certificate : null));
            using var request = route.Http2Request(HttpMethod.Post, "/echo?a", https: true);
            request.Content = new StringContent("abc");
            var answer = await client.SendAndReadAsync(request);
            AssertSeen(route, withCertificate);
            return answer;
        });

    [Theory, MemberData(nameof(Every))]
    public Task WebSocket_Echoes(Transport transport)
        => SameAsDirectAsync(transport, async route =>
        {
            await using var connection = await route.ConnectAsync(https: true);
            await connection.WriteAsync(new RawRequest("GET /ws/echo HTTP/1.1")
            {
                Headers =
                [
                    "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                ],
            }.HeadBytes(route));
            var answer = new Fields();
            (await connection.ReadHeadAsync()).AddTo(answer, number: 1);
            using var socket = WebSocket.CreateFromStream(connection.AsStream(), new WebSocketCreationOptions());
            await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, TestContext.Current.CancellationToken);
            answer.SetBody(await socket.ReceiveMessageAsync());
            return answer;
        });

    private void AssertSeen(Route route, bool withCertificate)
    {
        Assert.Equal("https", route.Recorded.Fields["scheme"]);
        Assert.Equal(Pipelines.Host, route.Recorded.Fields["host"]);
        Assert.Equal(withCertificate ? _certificate.Thumbprint : "none", route.Recorded.Fields["client certificate"]);
    }
}
