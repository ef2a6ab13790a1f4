using System.Globalization;
using System.Text.Encodings.Web;

namespace ShopCart.Shop;

/// <summary>The page, made on the server in one piece.</summary>
internal static class ShopPage
{
    private static readonly CultureInfo Money = CultureInfo.InvariantCulture;

    public static string Render(Cart cart, RequestPath path, IReadOnlyList<string> nodes) => $"""
        <!doctype html>
        <html lang="en">
        <head>
          <meta charset="utf-8">
          <meta name="viewport" content="width=device-width, initial-scale=1">
          <meta name="color-scheme" content="light dark">
          <title>ShopCart</title>
          <link rel="icon" href="/basket.svg" type="image/svg+xml">
          <link rel="stylesheet" href="/shop.css">
          <script src="/shop.js" defer></script>
        </head>
        <body>
          <header class="bar">
            <a class="brand" href="/">{Picture("basket")} ShopCart</a>
            <a class="badge" href="#cart">Cart <span id="count" role="status" aria-label="items in the cart">{cart.Count}</span></a>
          </header>
          <main>
            <section aria-labelledby="products-title">
              <h1 id="products-title">Good things, carried carefully</h1>
              <ul class="products">
        {string.Concat(Catalogue.Products.Select(Card))}
              </ul>
            </section>
            <aside>
              {CartPanel(cart)}
              {PathPanel.Render(path, nodes)}
            </aside>
          </main>
          <footer>The cart is in one node's memory. Any node may take the request.</footer>
        </body>
        </html>
        """;

    public static string Encode(string text) => HtmlEncoder.Default.Encode(text);

    private static string Card(Product product) => $"""
                <li class="product">
                  {Picture(product.Sku)}
                  <h2>{Encode(product.Name)}</h2>
                  <p>{Encode(product.Description)}</p>
                  <form method="post" action="/cart/add" data-sku="{product.Sku}" data-name="{Encode(product.Name)}" data-price="{Plain(product.Price)}">
                    <input type="hidden" name="sku" value="{product.Sku}">
                    <input type="hidden" name="quantity" value="1">
                    <span class="price">€ {Plain(product.Price)}</span>
                    <button aria-label="Add {Encode(product.Name)} to the cart">Add</button>
                  </form>
                </li>

        """;

    private static string CartPanel(Cart cart) => $"""
        <section id="cart" class="panel" aria-labelledby="cart-title">
                <h2 id="cart-title">Your cart</h2>
                <p id="empty"{Hidden(cart.Count > 0)}>Nothing in it yet. The apples are good today.</p>
                <ul id="lines">{string.Concat(cart.Items.Select(Line))}</ul>
                <form id="totals" method="post" action="/cart/empty"{Hidden(cart.Count == 0)}>
                  <span>Total <strong>€ <span id="total">{Plain(cart.Total)}</span></strong></span>
                  <button class="quiet">Empty the cart</button>
                </form>
                <p id="problem" role="alert" hidden></p>
                <template id="line">{Line(new CartItem("", 0))}</template>
              </section>
        """;

    private static string Line(CartItem item)
    {
        var product = Catalogue.Find(item.Sku);
        return $"""
            <li>{Picture(Catalogue.Products.Contains(product) ? item.Sku : "parcel")}
              <span class="name" data-part="name">{Encode(product?.Name ?? "")}</span>
              <span class="quantity">× <span data-part="quantity">{item.Quantity}</span></span>
              <form method="post" action="/cart/remove"><input type="hidden" name="sku" value="{Encode(item.Sku)}"><button class="quiet" aria-label="Remove {Encode(product?.Name ?? "")}">✕</button></form>
            </li>
            """;
    }

    private static string Picture(string name) => $"""<svg class="picture" aria-hidden="true"><use href="/pictures.svg#{name}"/></svg>""";

    private static string Hidden(bool hidden) => hidden ? " hidden" : "";

    private static string Plain(decimal amount) => amount.ToString("0.00", Money);
}
