using System.Text;
using StickySessions.Tests.Integration.Conformance.Clients;
using StickySessions.Tests.Integration.Conformance.Comparing;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Conformance.Rows;

/// <summary>What is sent arrives at once, in both directions: each step here waits for the one before.</summary>
public sealed class StreamRows(ConformanceClusters clusters, GarnetServerFixture garnet) : ConformanceRows(clusters, garnet)
{
    private static readonly string[] Words = ["one", "three", "fifteen"];

    /// <summary>Longer than the 100 seconds after which common proxies take a silent stream for a dead one.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(110);

    public static TheoryData<Transport> Every => [.. Transports.All];

    public static TheoryData<Transport> Streaming => [.. Transports.Streaming];

    [Theory, MemberData(nameof(Streaming))]
    public Task Duplex_Http11Client_EchoesEachChunk(Transport transport)
        => SameAsDirectAsync(transport, async route =>
        {
            await using var connection = await route.ConnectAsync();
            await connection.WriteAsync(new RawRequest("POST /duplex HTTP/1.1") { Headers = ["Transfer-Encoding: chunked"] }.HeadBytes(route));
            var answer = new Fields();
            var head = await connection.ReadHeadAsync();
            head.AddTo(answer, number: 1);
            foreach (var word in Words)
            {
                await connection.WriteAsync(Encoding.ASCII.GetBytes($"{word.Length:x}\r\n{word}\r\n"));
                Assert.Equal(word, Encoding.ASCII.GetString(await connection.ReadChunkAsync()));
            }

            await connection.WriteAsync("0\r\n\r\n"u8.ToArray());
            await connection.ReadBodyAsync(head, answer);
            return answer;
        });

    [Theory, MemberData(nameof(Streaming))]
    public Task Duplex_Http2Client_EchoesEachFrame(Transport transport)
        => SameAsDirectAsync(transport, async route =>
        {
            using var upload = new LiveContent();
            using var client = new HttpMessageInvoker(route.CreateHandler());
            using var request = route.Http2Request(HttpMethod.Post, "/duplex");
            request.Content = upload;
            using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
            var answer = HttpClients.HeadOf(response);
            await using var download = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
            foreach (var word in Words)
            {
                upload.Write(Encoding.ASCII.GetBytes(word));
                await AssertNextAsync(download, word);
            }

            upload.Complete();
            await download.ReadIntoAsync(answer);
            return answer;
        });

    [Theory, MemberData(nameof(Every))]
    public Task ServerSentEvents_Http11Client_ArriveWhenSent(Transport transport)
        => SameAsDirectAsync(transport, route => ReadTwoEventsAsync(route, () => Task.CompletedTask));

    /// <summary>Takes minutes, so it runs only when asked for.</summary>
    [Theory(Explicit = true), MemberData(nameof(Every))]
    public Task ServerSentEvents_SilentForLong_GoOn(Transport transport)
        => SameAsDirectAsync(
            transport,
            route => ReadTwoEventsAsync(route, async () =>
            {
                using var silence = new PeriodicTimer(Silence);
                await silence.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            }),
            patience: Silence * 2);

    [Theory, MemberData(nameof(Every))]
    public Task ServerSentEvents_Http2Client_ArriveWhenSent(Transport transport)
        => SameAsDirectAsync(transport, async route =>
        {
            using var client = new HttpMessageInvoker(route.CreateHandler());
            using var request = route.Http2Request(HttpMethod.Get, "/sse");
            using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
            var answer = HttpClients.HeadOf(response);
            await using var events = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
            await AssertNextAsync(events, "data: one\n\n");

            (await route.Recorded.FirstAsync()).TellToGoOn();
            await events.ReadIntoAsync(answer);
            return answer;
        });

    [Theory, MemberData(nameof(Streaming))]
    public async Task Trailers_OfAnswer_ArriveAtHttp2Client(Transport transport)
    {
        var answer = await SameAsDirectAsync(transport, route => route.SendHttp2Async(HttpMethod.Get, "/trailers"));

        Assert.Equal("42", answer["trailer", "X-SUM"]);
    }

    private static async Task<Fields> ReadTwoEventsAsync(Route route, Func<Task> betweenThemAsync)
    {
        await using var connection = await route.ConnectAsync();
        await connection.WriteAsync(new RawRequest("GET /sse HTTP/1.1") { Headers = ["Accept: text/event-stream"] }.HeadBytes(route));
        var answer = new Fields();
        var head = await connection.ReadHeadAsync();
        head.AddTo(answer, number: 1);
        Assert.Equal("data: one\n\n", Encoding.ASCII.GetString(await connection.ReadChunkAsync()));

        await betweenThemAsync();
        (await route.Recorded.FirstAsync()).TellToGoOn();
        await connection.ReadBodyAsync(head, answer);
        return answer;
    }

    private static async Task AssertNextAsync(Stream stream, string expected)
    {
        var bytes = new byte[expected.Length];
        await stream.ReadExactlyAsync(bytes, TestContext.Current.CancellationToken);
        Assert.Equal(expected, Encoding.ASCII.GetString(bytes));
    }
}
