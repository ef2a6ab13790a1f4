using System.Net.Http.Json;
using System.Text.Json;
using StickySessions.Tests.Integration.Processes;

namespace StickySessions.Tests.Integration.MainJob;

/// <summary>Keeps one cookie header, as a test wants it, and talks to a node of its choice.</summary>
internal sealed class Browser(IShop shop)
{
    public const string CookieName = ".StickySession";

    private readonly Dictionary<string, string> _cookies = new(StringComparer.Ordinal);

    /// <summary>The token alone.</summary>
    public string Token
    {
        get => _cookies[CookieName];
        set => _cookies[CookieName] = value;
    }

    /// <summary>What is sent in place of the cookies that were set.</summary>
    public string? CookieHeader { get; set; }

    public async Task<CartSeen> AddAsync(int node, string sku = "apple")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/cart/items") { Content = JsonContent.Create(new { sku, quantity = 1 }) };
        return await ReadAsync(await SendAsync(node, request));
    }

    public async Task<CartSeen> LookAsync(int node) => await ReadAsync(await GetAsync(node, "/api/cart"));

    public Task<HttpResponseMessage> EndAsync(int node) => SendAsync(node, new HttpRequestMessage(HttpMethod.Delete, "/api/cart"));

    public Task<HttpResponseMessage> GetAsync(int node, string path) => SendAsync(node, new HttpRequestMessage(HttpMethod.Get, path));

    public async Task<HttpResponseMessage> SendAsync(int node, HttpRequestMessage request)
    {
        var header = CookieHeader ?? string.Join("; ", _cookies.Select(cookie => $"{cookie.Key}={cookie.Value}"));
        if (header.Length > 0)
        {
            request.Headers.Add("Cookie", header);
        }

        var answer = await shop.SendAsync(node, request);
        foreach (var set in answer.Headers.TryGetValues("Set-Cookie", out var values) ? values : [])
        {
            var (name, value) = (set[..set.IndexOf('=', StringComparison.Ordinal)], set.Split(';')[0][(set.IndexOf('=', StringComparison.Ordinal) + 1)..]);
            if (value.Length == 0)
            {
                _cookies.Remove(name);
            }
            else
            {
                _cookies[name] = value;
            }
        }

        return answer;
    }

    private static async Task<CartSeen> ReadAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            var content = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode}: {content}");
            return JsonSerializer.Deserialize<CartSeen>(content, JsonSerializerOptions.Web)!;
        }
    }
}
