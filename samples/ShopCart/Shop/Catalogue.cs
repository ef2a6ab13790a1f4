using System.Collections.Frozen;
using System.Globalization;

namespace ShopCart.Shop;

/// <param name="Sku">What a cart calls it, and the name of its picture.</param>
/// <param name="Name">What a person calls it.</param>
/// <param name="Description">One line that makes it wanted.</param>
/// <param name="Price">In euros.</param>
internal sealed record Product(string Sku, string Name, string Description, decimal Price);

/// <summary>Everything that can be put into a cart.</summary>
internal static class Catalogue
{
    private const string LoadPrefix = "item-";
    private const int LoadSkus = 10_000;

    /// <summary>What the page shows.</summary>
    public static IReadOnlyList<Product> Products { get; } =
    [
        new("apple", "Apple", "Crisp, a little tart, picked this morning.", 0.60m),
        new("bread", "Sourdough bread", "Two days of patience, one hour of oven.", 4.80m),
        new("cheese", "Mountain cheese", "Twelve months in a cool cellar.", 6.90m),
        new("honey", "Forest honey", "From hives that never move house.", 7.50m),
        new("coffee", "Coffee beans", "Dark, round, roasted in small batches.", 9.20m),
        new("chocolate", "Dark chocolate", "Seventy per cent and not one less.", 3.40m),
        new("lemon", "Lemon", "Unwaxed: use the peel as well.", 0.80m),
        new("avocado", "Avocado", "Ripe today. Perhaps tomorrow, too.", 1.90m),
        new("croissant", "Croissant", "Twenty-seven layers of butter.", 2.10m),
        new("cherries", "Cherries", "A bag that is gone before you are home.", 5.30m),
        new("pepper", "Chilli", "Small, red, and serious about it.", 1.20m),
        new("flowers", "Tulips", "A bunch of ten, for no reason at all.", 8.00m),
    ];

    private static readonly FrozenDictionary<string, Product> BySku = Products.ToFrozenDictionary(product => product.Sku);

    /// <summary>The product of a sku, also of the test loads' <c>item-0</c> … <c>item-9999</c>; null if there is none.</summary>
    public static Product? Find(string? sku) => sku switch
    {
        null => null,
        _ when BySku.TryGetValue(sku, out var product) => product,
        _ when IsLoadSku(sku) => new Product(sku, sku, "A piece of test load.", 0m),
        _ => null,
    };

    private static bool IsLoadSku(string sku)
        => sku.StartsWith(LoadPrefix, StringComparison.Ordinal)
           && int.TryParse(sku.AsSpan(LoadPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
           && number < LoadSkus
           && sku.Length == LoadPrefix.Length + number.ToString(CultureInfo.InvariantCulture).Length;
}
