using System.Text.Json;

namespace ShopCart.Shop;

/// <summary>
/// Carts without sticky sessions, as in so many shops: in ASP.NET Core's own session, in the memory of whichever node the request reached.
/// </summary>
internal sealed class OrdinaryCarts : ICarts
{
    /// <summary>The cookie of ASP.NET Core's own session.</summary>
    public const string CookieName = ".ShopCart.Session";

    private const string Key = "cart";

    public async ValueTask<Cart> ReadAsync(HttpContext context)
    {
        await context.Session.LoadAsync(context.RequestAborted);
        return context.Session.TryGetValue(Key, out var bytes)
            ? JsonSerializer.Deserialize(bytes, ShopJson.Default.Cart) ?? new Cart()
            : new Cart();
    }

    public async ValueTask<(Cart Cart, bool Result)> ChangeAsync(HttpContext context, Func<Cart, bool> change)
    {
        var cart = await ReadAsync(context);
        var result = change(cart);
        if (result)
        {
            context.Session.Set(Key, JsonSerializer.SerializeToUtf8Bytes(cart, ShopJson.Default.Cart));

            // Before the answer: the next request, on another connection, may come before this one is over.
            await context.Session.CommitAsync(context.RequestAborted);
        }

        return (cart, result);
    }

    public async ValueTask EndAsync(HttpContext context)
    {
        await context.Session.LoadAsync(context.RequestAborted);
        context.Session.Clear();
        await context.Session.CommitAsync(context.RequestAborted);
        context.Response.Cookies.Delete(CookieName);
    }
}
