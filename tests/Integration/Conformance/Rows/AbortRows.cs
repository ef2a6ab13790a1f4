using System.Net;
using StickySessions.Tests.Integration.Conformance.Clients;
using StickySessions.Tests.Integration.Conformance.Comparing;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Conformance.Rows;

/// <summary>Whoever goes away, the other side learns it; a truncated answer never looks complete.</summary>
public sealed class AbortRows(ConformanceClusters clusters, GarnetServerFixture garnet) : ConformanceRows(clusters, garnet)
{
    public static TheoryData<Transport> Every => [.. Transports.All];

    /// <summary>With and without a length that was promised.</summary>
    public static MatrixTheoryData<Transport, bool> BreakOffs => new(Transports.All, [true, false]);

    [Theory, MemberData(nameof(Every))]
    public Task ClientResets_BeforeAnswer_ApplicationIsCancelled(Transport transport)
        => SameAsDirectAsync(transport, async route =>
        {
            await using var connection = await route.ConnectAsync();
            await connection.WriteAsync(new RawRequest("GET /hang HTTP/1.1").HeadBytes(route));
            await route.Recorded.FirstAsync();
            connection.Reset();
            return await AbortedAsync(route);
        });

    [Theory, MemberData(nameof(Every))]
    public Task ClientCloses_DuringAnswer_ApplicationIsCancelled(Transport transport)
        => SameAsDirectAsync(transport, async route =>
        {
            var connection = await route.ConnectAsync();
            await connection.WriteAsync(new RawRequest("GET /hang-after-headers HTTP/1.1").HeadBytes(route));
            await connection.ReadHeadAsync();
            await connection.DisposeAsync();
            return await AbortedAsync(route);
        });

    [Theory, MemberData(nameof(Every))]
    public Task ClientResets_DuringUpload_ApplicationIsCancelled(Transport transport)
        => SameAsDirectAsync(transport, async route =>
        {
            await using var connection = await route.ConnectAsync();
            var request = new RawRequest("POST /hang-reading HTTP/1.1") { Headers = ["Content-Length: 1000"], Body = "the first" };
            await connection.WriteAsync([.. request.HeadBytes(route), .. request.BodyBytes()]);
            await route.Recorded.FirstAsync();
            connection.Reset();
            return await AbortedAsync(route);
        });

    [Theory, MemberData(nameof(Every))]
    public Task Http2ClientCancels_BeforeAnswer_ApplicationIsCancelled(Transport transport)
        => SameAsDirectAsync(transport, async route =>
        {
            using var cancellation = new CancellationTokenSource();
            using var client = new HttpMessageInvoker(route.CreateHandler());
            using var request = route.Http2Request(HttpMethod.Get, "/hang");
            var sending = client.SendAsync(request, cancellation.Token);
            await route.Recorded.FirstAsync();
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
            return await AbortedAsync(route);
        });

    [Theory, MemberData(nameof(Every))]
    public Task Http2ClientCancels_DuringAnswer_ApplicationIsCancelled(Transport transport)
        => SameAsDirectAsync(transport, async route =>
        {
            using var client = new HttpMessageInvoker(route.CreateHandler());
            using var request = route.Http2Request(HttpMethod.Get, "/hang-after-headers");
            var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            response.Dispose();
            return await AbortedAsync(route);
        });

    [Theory, MemberData(nameof(BreakOffs))]
    public async Task ApplicationAborts_DuringAnswer_Http11ClientSeesItTruncated(Transport transport, bool withLength)
    {
        var answer = await SameAsDirectAsync(transport, async route =>
        {
            await using var connection = await route.ConnectAsync();
            await connection.WriteAsync(new RawRequest($"GET /break-off?withLength={withLength} HTTP/1.1").HeadBytes(route));
            var answer = new Fields();
            var head = await connection.ReadHeadAsync();
            head.AddTo(answer, number: 1);
            (await route.Recorded.FirstAsync()).TellToGoOn();
            await connection.ReadBodyAsync(head, answer);
            return answer;
        });

        Assert.Equal("truncated", answer["ending"]);
    }

    [Theory, MemberData(nameof(BreakOffs))]
    public async Task ApplicationAborts_DuringAnswer_Http2ClientSeesItTruncated(Transport transport, bool withLength)
    {
        var answer = await SameAsDirectAsync(transport, async route =>
        {
            using var client = new HttpMessageInvoker(route.CreateHandler());
            using var request = route.Http2Request(HttpMethod.Get, $"/break-off?withLength={withLength}");
            using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
            var answer = HttpClients.HeadOf(response);
            await using var body = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
            (await route.Recorded.FirstAsync()).TellToGoOn();
            await body.ReadIntoAsync(answer);
            return answer;
        });

        Assert.Equal("truncated", answer["ending"]);
    }

    private static async Task<Fields> AbortedAsync(Route route)
    {
        var request = await route.Recorded.FirstAsync();
        await Eventually.Async(() => request.Aborted.IsCompleted, "the application's RequestAborted is cancelled");
        return new Fields();
    }
}
