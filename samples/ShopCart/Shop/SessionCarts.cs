using System.Text.Json;

namespace ShopCart.Shop;

/// <summary>
/// Carts in <see cref="HttpContext.Session"/>. That session is a copy per request and the last one to commit wins, so changes of one
/// session run one at a time and are committed before the answer: the next request sees them, whichever connection it comes on.
/// </summary>
internal sealed class SessionCarts
{
    /// <summary>The cookie of ASP.NET Core's own session.</summary>
    public const string CookieName = ".ShopCart.Session";

    private const string Key = "cart";

    // Striped: a lock per session would have to be cleaned up. Two sessions that share one only wait for a moment.
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, 1024).Select(_ => new SemaphoreSlim(1))];

    /// <summary>Reads the cart of this request's session.</summary>
    public async ValueTask<Cart> ReadAsync(HttpContext context)
    {
        await context.Session.LoadAsync(context.RequestAborted);
        return context.Session.TryGetValue(Key, out var bytes)
            ? new Cart(JsonSerializer.Deserialize(bytes, ShopJson.Default.IReadOnlyListCartItem) ?? [])
            : new Cart([]);
    }

    /// <summary>Changes the cart of this request's session. It is kept if <paramref name="change"/> says that it changed.</summary>
    public async Task<(Cart Cart, bool Changed)> ChangeAsync(HttpContext context, Func<Cart, bool> change)
    {
        var gate = GateOf(context);
        await gate.WaitAsync(context.RequestAborted);
        try
        {
            // Only now: what was loaded before the gate may be old.
            var cart = await ReadAsync(context);
            var changed = change(cart);
            if (changed)
            {
                context.Session.Set(Key, JsonSerializer.SerializeToUtf8Bytes(cart.Items, ShopJson.Default.IReadOnlyListCartItem));
                await context.Session.CommitAsync(context.RequestAborted);
            }

            return (cart, changed);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Forgets the session and its cookie.</summary>
    public async Task EndAsync(HttpContext context)
    {
        var gate = GateOf(context);
        await gate.WaitAsync(context.RequestAborted);
        try
        {
            await context.Session.LoadAsync(context.RequestAborted);
            context.Session.Clear();
            await context.Session.CommitAsync(context.RequestAborted);
        }
        finally
        {
            gate.Release();
        }

        context.Response.Cookies.Delete(CookieName);
    }

    // A request without the cookie begins a session of its own, so there is nobody to wait for.
    private SemaphoreSlim GateOf(HttpContext context)
        => context.Request.Cookies[CookieName] is { } cookie
            ? _gates[(uint)string.GetHashCode(cookie, StringComparison.Ordinal) % (uint)_gates.Length]
            : new SemaphoreSlim(1);
}
