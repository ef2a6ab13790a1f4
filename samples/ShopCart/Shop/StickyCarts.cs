using Microsoft.AspNetCore.Http.Features;
using StickySessions;

namespace ShopCart.Shop;

/// <summary>
/// Carts with sticky sessions: one live object in the memory of the session's owner, shared by all requests of the session. Nothing is loaded, locked or saved here.
/// </summary>
internal sealed class StickyCarts : ICarts
{
    public ValueTask<Cart> ReadAsync(HttpContext context)
        => new(context.Session.State<Cart>().Read(cart => cart.Look()));

    public ValueTask<(Cart Cart, bool Result)> ChangeAsync(HttpContext context, Func<Cart, bool> change)
        => new(context.Session.State<Cart>().Change(cart =>
        {
            var result = change(cart);
            return (cart.Look(), result);
        }));

    public ValueTask EndAsync(HttpContext context)
    {
        context.Features.GetRequiredFeature<IStickySessionFeature>().End();
        return ValueTask.CompletedTask;
    }
}
