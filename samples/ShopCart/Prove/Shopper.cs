using System.Globalization;
using System.Text;
using System.Text.Json;
using ShopCart.Shop;

namespace ShopCart.Prove;

/// <summary>Somebody who adds items one by one, each on a connection of its own, and then looks into the cart.</summary>
internal sealed class Shopper(Shopping shopping, int number)
{
    /// <summary>Nine items and a look; more if the shopping must go on.</summary>
    public const int Requests = 10;

    // Few shoppers would otherwise fill their carts with thousands of items while a node restarts. Many have to wait for their turns anyway.
    private static readonly TimeSpan Stroll = TimeSpan.FromMilliseconds(250);

    private readonly Dictionary<string, string> _cookies = new(StringComparer.Ordinal);
    private readonly HashSet<string> _acknowledged = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unknown = new(StringComparer.Ordinal);
    private readonly List<string> _failures = [];

    /// <summary>What came instead of an answer of success.</summary>
    public IReadOnlyList<string> Failures => _failures;

    /// <summary>Acknowledged items that the cart no longer has. Of a cart that cannot be read: all.</summary>
    public int Lost { get; private set; }

    /// <summary>Whether it lacks what was acknowledged, or has what was never put there or something twice. What failed may be in it or not.</summary>
    public bool CartWrong { get; private set; }

    /// <summary>The node that owns the cart in the end; null if it never answered.</summary>
    public string? Node { get; private set; }

    public async Task ShopAsync(CancellationToken cancellationToken)
    {
        for (var i = 1; i < Requests || !shopping.MayEnd; i++)
        {
            if (i >= Requests)
            {
                await Task.Delay(Stroll, cancellationToken);
            }

            var sku = string.Create(CultureInfo.InvariantCulture, $"item-{((number * Requests) + i) % 10_000}");
            var cart = await SendAsync("POST /api/cart/items", $$"""{"sku":"{{sku}}","quantity":1}""", cancellationToken);
            (cart is not null ? _acknowledged : _unknown).Add(sku);
        }

        Check(await SendAsync("GET /api/cart", "", cancellationToken));
    }

    private void Check(CartAnswer? cart)
    {
        var found = cart?.Items.Where(item => item.Quantity == 1).Select(item => item.Sku).ToHashSet() ?? [];
        Lost = _acknowledged.Count(sku => !found.Contains(sku));
        CartWrong = cart is null || Lost > 0 || cart.Count != found.Count || !found.All(sku => _acknowledged.Contains(sku) || _unknown.Contains(sku));
    }

    private async Task<CartAnswer?> SendAsync(string target, string body, CancellationToken cancellationToken)
    {
        var answer = await shopping.SendAsync(Request(target, body), cancellationToken);
        if (answer is not { Status: 200 })
        {
            _failures.Add(answer?.DescribeProblem() ?? "no answer");
            return null;
        }

        Keep(answer);
        var cart = JsonSerializer.Deserialize(answer.Body, ShopJson.Default.CartAnswer)!;
        Node = cart.Owner;
        return cart;
    }

    private string Request(string target, string body)
    {
        var request = new StringBuilder($"{target} HTTP/1.1\r\nHost: {shopping.Shop}\r\nConnection: close\r\n");
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
