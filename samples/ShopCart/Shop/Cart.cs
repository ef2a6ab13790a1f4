using System.Text.Json;
using System.Text.Json.Serialization;

namespace ShopCart.Shop;

/// <summary>One line of a cart.</summary>
internal sealed record CartItem(string Sku, int Quantity);

/// <summary>A cart, as it lies in the session.</summary>
internal sealed class Cart(IEnumerable<CartItem> items)
{
    private readonly List<CartItem> _items = [.. items];

    public IReadOnlyList<CartItem> Items => _items;

    public int Count => _items.Sum(item => item.Quantity);

    public decimal Total => _items.Sum(item => item.Quantity * (Catalogue.Find(item.Sku)?.Price ?? 0m));

    public void Add(string sku, int quantity)
    {
        var index = _items.FindIndex(item => item.Sku == sku);
        if (index < 0)
        {
            _items.Add(new CartItem(sku, quantity));
        }
        else
        {
            _items[index] = new CartItem(sku, _items[index].Quantity + quantity);
        }
    }

    public bool Remove(string sku) => _items.RemoveAll(item => item.Sku == sku) > 0;
}

/// <summary>The answer of the cart's addresses: the cart, and the way the request took.</summary>
internal sealed record CartAnswer(
    IReadOnlyList<CartItem> Items, int Count, string Session, string Owner, string Ingress, bool Forwarded);

/// <summary>The body of an add.</summary>
internal sealed record AddItem(string? Sku, int? Quantity);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(IReadOnlyList<CartItem>))]
[JsonSerializable(typeof(CartAnswer))]
[JsonSerializable(typeof(AddItem))]
[JsonSerializable(typeof(IReadOnlyList<Product>))]
internal sealed partial class ShopJson : JsonSerializerContext;
