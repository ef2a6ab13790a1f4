using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using ShopCart.Shop;

namespace ShopCart.Prove;

/// <summary>Somebody who adds items one by one, each on a connection of its own, and then looks into the cart.</summary>
internal sealed class Shopper(IPEndPoint shop, int number)
{
    public const int Requests = 10;

    private readonly Dictionary<string, string> _cookies = new(StringComparer.Ordinal);
    private readonly HashSet<string> _acknowledged = new(StringComparer.Ordinal);

    public int Failed { get; private set; }

    /// <summary>Acknowledged items that the cart no longer has. Of a cart that cannot be read: all.</summary>
    public int Lost { get; private set; }

    public bool CartWrong { get; private set; }

    /// <summary>The node that owns the cart in the end; null if it never answered.</summary>
    public string? Node { get; private set; }

    public async Task ShopAsync(SemaphoreSlim turns, CancellationToken cancellationToken)
    {
        for (var i = 1; i < Requests; i++)
        {
            var sku = string.Create(CultureInfo.InvariantCulture, $"item-{((number * Requests) + i) % 10_000}");
            if (await SendAsync("POST /api/cart/items", $$"""{"sku":"{{sku}}","quantity":1}""", turns, cancellationToken) is not null)
            {
                _acknowledged.Add(sku);
            }
        }

        Check(await SendAsync("GET /api/cart", "", turns, cancellationToken));
    }

    private void Check(CartAnswer? cart)
    {
        var found = cart?.Items.Where(item => item.Quantity == 1).Select(item => item.Sku).ToHashSet() ?? [];
        Lost = _acknowledged.Count(sku => !found.Contains(sku));
        CartWrong = cart is null || !_acknowledged.SetEquals(found) || cart.Count != found.Count;
    }

    private async Task<CartAnswer?> SendAsync(string target, string body, SemaphoreSlim turns, CancellationToken cancellationToken)
    {
        await turns.WaitAsync(cancellationToken);
        try
        {
            var answer = await OneShotClient.SendAsync(shop, Request(target, body), cancellationToken);
            if (answer is { Status: 200 })
            {
                Keep(answer);
                var cart = JsonSerializer.Deserialize(answer.Body, ShopJson.Default.CartAnswer)!;
                Node = cart.Owner;
                return cart;
            }

            Failed++;
            return null;
        }
        finally
        {
            turns.Release();
        }
    }

    private string Request(string target, string body)
    {
        var request = new StringBuilder($"{target} HTTP/1.1\r\nHost: {shop}\r\nConnection: close\r\n");
        if (_cookies.Count > 0)
        {
            request.Append("Cookie: ").AppendJoin("; ", _cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")).Append("\r\n");
        }

        if (body.Length > 0)
        {
            request.Append(CultureInfo.InvariantCulture, $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n");
        }

        return request.Append("\r\n").Append(body).ToString();
    }

    private void Keep(HttpAnswer answer)
    {
        foreach (var (_, cookie) in answer.Headers.Where(header => header.Key == "set-cookie"))
        {
            var pair = cookie.Split(';', 2)[0].Split('=', 2);
            _cookies[pair[0]] = pair[1];
        }
    }
}
