using System.Globalization;
using System.Net;
using StickySessions.Tests.Integration.Conformance.Application;
using StickySessions.Tests.Integration.Conformance.Clients;
using StickySessions.Tests.Integration.Conformance.Comparing;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Performance;

namespace StickySessions.Tests.Integration.Conformance.Rows;

/// <summary>Bodies too large to keep. The memory of the process is watched, so nothing else runs meanwhile.</summary>
[Collection(nameof(Alone))]
public sealed class LargeBodyRows(ConformanceClusters clusters, GarnetServerFixture garnet) : ConformanceRows(clusters, garnet)
{
    private const long Megabyte = 1024 * 1024;

    private const long Large = 32 * Megabyte;

    private const long Huge = 1024 * Megabyte;

    private static readonly string[] Versions = ["1.1", "2.0"];

    public static MatrixTheoryData<Transport, string> Cases => new(Transports.All, Versions);

    [Theory, MemberData(nameof(Cases))]
    public Task Upload_Large_Arrives(Transport transport, string version)
        => SameAsDirectAsync(transport, route => UploadAsync(route, version, Large));

    [Theory, MemberData(nameof(Cases))]
    public Task Download_Large_Arrives(Transport transport, string version)
        => SameAsDirectAsync(transport, route => DownloadAsync(route, version, Large));

    [Theory, MemberData(nameof(Cases))]
    public async Task UploadAndDownload_Huge_TakeNoMemory(Transport transport, string version)
    {
        await SameAsDirectAsync(transport, route => UploadAsync(route, version, Megabyte));
        await SameAsDirectAsync(transport, route => DownloadAsync(route, version, Megabyte));
        await using var memory = new MemoryGauge();

        await SameAsDirectAsync(transport, route => UploadAsync(route, version, Huge), patience: TimeSpan.FromMinutes(5));
        await SameAsDirectAsync(transport, route => DownloadAsync(route, version, Huge), patience: TimeSpan.FromMinutes(5));

        Assert.InRange(memory.HighestGrowth, 0, 150 * Megabyte);
    }

    private static async Task<Fields> UploadAsync(Route route, string version, long bytes)
    {
        using var client = new HttpMessageInvoker(route.CreateHandler());
        using var request = CreateRequest(route, version, HttpMethod.Put, "/upload");
        request.Content = new GeneratedContent(bytes);
        var answer = await client.SendAndReadAsync(request);
        Assert.StartsWith(bytes.ToString(CultureInfo.InvariantCulture), answer["body"], StringComparison.Ordinal);
        return answer;
    }

    private static async Task<Fields> DownloadAsync(Route route, string version, long bytes)
    {
        using var client = new HttpMessageInvoker(route.CreateHandler());
        using var request = CreateRequest(route, version, HttpMethod.Get, $"/download/{bytes}");
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        var answer = HttpClients.HeadOf(response);
        await using var body = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var (length, hash) = await Content.ReadAsync(body, TestContext.Current.CancellationToken);
        Assert.Equal(bytes, length);
        answer.SetBody(length, hash);
        return answer;
    }

    private static HttpRequestMessage CreateRequest(Route route, string version, HttpMethod method, string target)
    {
        var request = route.Http2Request(method, target);
        if (version == "1.1")
        {
            request.Version = HttpVersion.Version11;
            request.RequestUri = new Uri(route.Ingress.Http, target);
        }

        return request;
    }

    private sealed class GeneratedContent(long bytes) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context)
            => Content.WriteAsync(stream, bytes, TestContext.Current.CancellationToken);

        protected override bool TryComputeLength(out long length)
        {
            length = bytes;
            return true;
        }
    }
}
