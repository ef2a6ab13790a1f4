using System.Globalization;
using System.Net;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>The plainest client: one that keeps cookies.</summary>
[Collection(nameof(RealClientTests))]
public sealed class CookieJarTests(SharedClientApps apps)
{
    private const int Visits = 600;

    [Theory]
    [InlineData(Spraying.Connections)]
    [InlineData(Spraying.Requests)]
    public async Task HttpClient_ThatKeepsCookies_IsCountedOn(Spraying spraying)
        => Assert.Equal(Enumerable.Range(1, Visits), await CountAsync(await (await apps.StickyAsync()).AddressAsync(spraying)));

    [Theory]
    [InlineData(Spraying.Connections)]
    [InlineData(Spraying.Requests)]
    public async Task HttpClient_WithoutStickySessions_IsCountedAnew(Spraying spraying)
        => Assert.NotEqual(Enumerable.Range(1, Visits), await CountAsync(await (await apps.UnstickyAsync()).AddressAsync(spraying)));

    /// <summary>Each visit on a connection of its own.</summary>
    private static async Task<int[]> CountAsync(Uri address)
    {
        using var handler = new SocketsHttpHandler { CookieContainer = new CookieContainer() };
        using var client = new HttpClient(handler) { DefaultRequestHeaders = { ConnectionClose = true } };
        var seen = new int[Visits];
        for (var i = 0; i < Visits; i++)
        {
            seen[i] = int.Parse(await client.GetStringAsync(new Uri(address, "/count"), TestContext.Current.CancellationToken), CultureInfo.InvariantCulture);
        }

        return seen;
    }
}
