using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace StickySessions.Tests.Integration.Processes;

/// <summary>What a node answered about a shopper's cart.</summary>
internal sealed record CartSeen(int Count, string Session, string Owner, string Ingress, bool Forwarded);

/// <summary>
/// A person with a cart: keeps cookies as a browser does and opens a new connection for every request, to whichever node it is told.
/// </summary>
internal sealed class Shopper : IDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly HttpClient _client = new(new SocketsHttpHandler
    {
        PooledConnectionLifetime = TimeSpan.Zero,
        CookieContainer = new CookieContainer(),
    });

    private int _next;

    /// <summary>Adds one item that is not in the cart yet.</summary>
    public Task<CartSeen> AddAsync(Uri node, CancellationToken cancellationToken)
        => SendAsync(
            new HttpRequestMessage(HttpMethod.Post, new Uri(node, "/api/cart/items"))
            {
                Content = JsonContent.Create(new { sku = $"item-{_next++}", quantity = 1 }),
            },
            cancellationToken);

    public Task<CartSeen> LookAsync(Uri node, CancellationToken cancellationToken)
        => SendAsync(new HttpRequestMessage(HttpMethod.Get, new Uri(node, "/api/cart")), cancellationToken);

    public void Dispose() => _client.Dispose();

    private async Task<CartSeen> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using (request)
        {
            using var answer = await _client.SendAsync(request, cancellationToken);
            var content = await answer.Content.ReadAsStringAsync(cancellationToken);
            return answer.IsSuccessStatusCode
                ? JsonSerializer.Deserialize<CartSeen>(content, Json)!
                : throw new HttpRequestException($"{request.Method} {request.RequestUri} was answered {(int)answer.StatusCode}: {content}");
        }
    }
}
