using System.Globalization;
using System.Net;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>nghttp2's h2load: HTTP/2 from the first byte, many requests at once over several connections, all of one visitor.</summary>
[Collection(nameof(RealClientTests))]
public sealed class H2LoadTests(SharedClientApps apps)
{
    private const int Requests = 3000;

    [Theory]
    [InlineData(Spraying.Connections)]
    [InlineData(Spraying.Requests)]
    public async Task H2Load_WithTheCookiesOfOneVisitor_IsCountedOn(Spraying spraying)
        => Assert.Equal(Requests + 2, await CountAsync(isSticky: true, spraying));

    [Theory]
    [InlineData(Spraying.Connections)]
    [InlineData(Spraying.Requests)]
    public async Task H2Load_WithoutStickySessions_IsCountedInParts(Spraying spraying)
        => Assert.InRange(await CountAsync(isSticky: false, spraying), 1, Requests);

    /// <summary>One visit to get cookies, many with them, and a last one to see the count.</summary>
    private async Task<int> CountAsync(bool isSticky, Spraying spraying)
    {
        var h2Load = InstalledPrograms.FindOrSkip("h2load");
        var page = new Uri(await (await apps.ClusterAsync(isSticky)).Http2AddressAsync(spraying), "/count");
        var cookies = new CookieContainer();
        Assert.Equal(1, await VisitAsync(page, cookies));

        var load = await FinishedProcess.RunAsync(h2Load, ["-n", $"{Requests}", "-c", "10", "-m", "10", "-H", $"Cookie: {cookies.GetCookieHeader(page)}", $"{page}"]);
        Assert.Equal(0, load.ExitCode);
        Assert.Contains($"{Requests} succeeded, 0 failed, 0 errored, 0 timeout", load.Output, StringComparison.Ordinal);
        Assert.Contains($"status codes: {Requests} 2xx", load.Output, StringComparison.Ordinal);
        Assert.Contains("Application protocol: h2c", load.Output, StringComparison.Ordinal);

        return await VisitAsync(page, cookies);
    }

    private static async Task<int> VisitAsync(Uri page, CookieContainer cookies)
    {
        using var handler = new SocketsHttpHandler { CookieContainer = cookies };
        using var client = new HttpClient(handler) { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        return int.Parse(await client.GetStringAsync(page, TestContext.Current.CancellationToken), CultureInfo.InvariantCulture);
    }
}
