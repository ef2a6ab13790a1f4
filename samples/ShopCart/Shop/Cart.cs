using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ShopCart.Shop;

/// <summary>One line of a cart.</summary>
internal sealed record CartItem(string Sku, int Quantity);

/// <summary>A cart, as it lies in the session.</summary>
internal sealed class Cart
{
    /// <summary>Immutable, so that a look at it stays what it was while another request changes the cart.</summary>
    public ImmutableArray<CartItem> Items { get; set; } = [];

    [JsonIgnore]
    public int Count => Items.Sum(item => item.Quantity);

    [JsonIgnore]
    public decimal Total => Items.Sum(item => item.Quantity * (Catalogue.Find(item.Sku)?.Price ?? 0m));

    public void Add(string sku, int quantity)
    {
        var present = Items.FirstOrDefault(item => item.Sku == sku);
        Items = present is null
            ? Items.Add(new CartItem(sku, quantity))
            : Items.Replace(present, present with { Quantity = present.Quantity + quantity });
    }

    /// <returns>Whether it was in the cart.</returns>
    public bool Remove(string sku)
    {
        var before = Items.Length;
        Items = Items.RemoveAll(item => item.Sku == sku);
        return Items.Length < before;
    }

    /// <summary>The cart as it is now, whatever is done to this one later.</summary>
    public Cart Look() => new() { Items = Items };
}

/// <summary>The answer of the cart's addresses: the cart, and the way the request took.</summary>
internal sealed record CartAnswer(
    IReadOnlyList<CartItem> Items, int Count, string Session, string Owner, string Ingress, bool Forwarded);

/// <summary>The body of an add.</summary>
internal sealed record AddItem(string? Sku, int? Quantity);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(Cart))]
[JsonSerializable(typeof(CartAnswer))]
[JsonSerializable(typeof(AddItem))]
[JsonSerializable(typeof(IReadOnlyList<Product>))]
internal sealed partial class ShopJson : JsonSerializerContext;
