using System.Globalization;
using System.Net;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Processes;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>The plainest client: one that keeps cookies.</summary>
[Collection(nameof(ProcessTests))]
public sealed class CookieJarTests(GarnetServerFixture redis)
{
    private const int Visits = 100;

    [Theory]
    [InlineData(Spraying.Connections)]
    [InlineData(Spraying.Requests)]
    public async Task HttpClient_ThatKeepsCookies_IsCountedOn(Spraying spraying)
    {
        await using var sticky = await ClientAppCluster.StartAsync(await redis.ConfigurationAsync());
        Assert.Equal(Enumerable.Range(1, Visits), await CountAsync(await sticky.AddressAsync(spraying)));
    }

    [Theory]
    [InlineData(Spraying.Connections)]
    [InlineData(Spraying.Requests)]
    public async Task HttpClient_WithoutStickySessions_IsCountedAnew(Spraying spraying)
    {
        await using var sprayed = await ClientAppCluster.StartAsync(redis: null);
        Assert.NotEqual(Enumerable.Range(1, Visits), await CountAsync(await sprayed.AddressAsync(spraying)));
    }

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
