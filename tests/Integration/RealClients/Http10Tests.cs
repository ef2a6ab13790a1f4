using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace StickySessions.Tests.Integration.RealClients;

/// <summary>A client of RFC 1945: each request on a connection of its own, and without Host if it likes.</summary>
[Collection(nameof(RealClientTests))]
public sealed class Http10Tests(SharedClientApps apps)
{
    private const int Visits = 300;

    [Theory]
    [InlineData(Spraying.Connections, true)]
    [InlineData(Spraying.Connections, false)]
    [InlineData(Spraying.Requests, true)]
    [InlineData(Spraying.Requests, false)]
    public async Task Http10_WithCookies_IsCountedOn(Spraying spraying, bool hasHost)
        => Assert.Equal(Enumerable.Range(1, Visits), await CountAsync(isSticky: true, spraying, hasHost));

    [Theory]
    [InlineData(Spraying.Connections, true)]
    [InlineData(Spraying.Connections, false)]
    [InlineData(Spraying.Requests, true)]
    [InlineData(Spraying.Requests, false)]
    public async Task Http10_WithoutStickySessions_IsCountedAnew(Spraying spraying, bool hasHost)
        => Assert.NotEqual(Enumerable.Range(1, Visits), await CountAsync(isSticky: false, spraying, hasHost));

    private async Task<IEnumerable<int>> CountAsync(bool isSticky, Spraying spraying, bool hasHost)
    {
        var address = await (await apps.ClusterAsync(isSticky)).AddressAsync(spraying);
        var cookies = new Dictionary<string, string>();
        var seen = new List<int>();
        while (seen.Count < Visits)
        {
            var answer = await AskAsync(address, hasHost, cookies);
            var headers = answer[..answer.IndexOf("\r\n\r\n", StringComparison.Ordinal)].Split("\r\n");
            Assert.Matches("^HTTP/1.[01] 200 ", headers[0]);
            Assert.DoesNotContain("Transfer-Encoding: chunked", headers, StringComparer.OrdinalIgnoreCase);
            foreach (var cookie in headers.Where(header => header.StartsWith("Set-Cookie: ", StringComparison.OrdinalIgnoreCase)))
            {
                var pair = cookie["Set-Cookie: ".Length..].Split(';')[0].Split('=', 2);
                cookies[pair[0]] = pair[1];
            }

            seen.Add(int.Parse(answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..], CultureInfo.InvariantCulture));
        }

        return seen;
    }

    /// <summary>The answer ends where the connection does.</summary>
    private static async Task<string> AskAsync(Uri address, bool hasHost, Dictionary<string, string> cookies)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, cancellationToken);
        await using var stream = client.GetStream();
        var host = hasHost ? $"Host: {address.Authority}\r\n" : "";
        var cookie = cookies.Count > 0 ? $"Cookie: {string.Join("; ", cookies.Select(cookie => $"{cookie.Key}={cookie.Value}"))}\r\n" : "";
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET /count HTTP/1.0\r\n{host}{cookie}\r\n"), cancellationToken);
        using var reader = new StreamReader(stream, Encoding.ASCII);
        return await reader.ReadToEndAsync(cancellationToken);
    }
}
