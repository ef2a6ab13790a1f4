namespace ShopCart.Shop;

/// <summary>The carts of the shop, one for each session.</summary>
internal interface ICarts
{
    ValueTask<Cart> ReadAsync(HttpContext context);

    /// <returns>The cart as it is after the change, and what <paramref name="change"/> said.</returns>
    ValueTask<(Cart Cart, bool Result)> ChangeAsync(HttpContext context, Func<Cart, bool> change);

    /// <summary>Ends the session, and the cart with it.</summary>
    ValueTask EndAsync(HttpContext context);
}
