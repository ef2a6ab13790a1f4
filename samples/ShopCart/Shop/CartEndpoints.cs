using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ShopCart.Shop;

/// <summary>The cart and the catalogue for programs.</summary>
internal static class CartEndpoints
{
    public const int LeastQuantity = 1;
    public const int MostQuantity = 99;

    public static void MapCartApi(this IEndpointRouteBuilder endpoints)
    {
        var api = endpoints.MapGroup("/api").AddEndpointFilter<SameSiteOnly>();
        api.MapGet("/products", () => TypedResults.Json(Catalogue.Products, ShopJson.Default.IReadOnlyListProduct))
            .DisableStickySession();
        api.MapGet("/cart", GetAsync);
        api.MapPost("/cart/items", AddAsync);
        api.MapDelete("/cart/items/{sku}", RemoveAsync);
        api.MapDelete("/cart", EndAsync);
    }

    /// <summary>Why this cannot be added, or null.</summary>
    public static string? Refusal(string? sku, int? quantity)
        => Catalogue.Find(sku) is null ? "There is no such sku."
            : quantity is not (>= LeastQuantity and <= MostQuantity) ? $"The quantity must be {LeastQuantity} to {MostQuantity}."
            : null;

    // With a context alone as parameter this would be taken for a RequestDelegate, and its result be dropped.
    private static async Task<IResult> GetAsync(HttpContext context, ICarts carts) => Answer(context, await carts.ReadAsync(context));

    private static async Task<IResult> AddAsync(HttpContext context, ICarts carts)
    {
        if (await ReadBodyAsync(context.Request) is not { } add)
        {
            return Problem(StatusCodes.Status400BadRequest, """The body must be JSON such as {"sku":"apple","quantity":1}.""");
        }

        if (Refusal(add.Sku, add.Quantity) is { } refusal)
        {
            return Problem(StatusCodes.Status400BadRequest, refusal);
        }

        var (cart, _) = await carts.ChangeAsync(context, cart =>
        {
            cart.Add(add.Sku!, add.Quantity!.Value);
            return true;
        });
        return Answer(context, cart);
    }

    private static async Task<IResult> RemoveAsync(HttpContext context, ICarts carts, string sku)
    {
        var (cart, removed) = await carts.ChangeAsync(context, cart => cart.Remove(sku));
        return removed ? Answer(context, cart) : Problem(StatusCodes.Status404NotFound, "This sku is not in the cart.");
    }

    private static async Task<IResult> EndAsync(HttpContext context, ICarts carts)
    {
        await carts.EndAsync(context);
        return TypedResults.NoContent();
    }

    private static async Task<AddItem?> ReadBodyAsync(HttpRequest request)
    {
        try
        {
            return request.HasJsonContentType()
                ? await request.ReadFromJsonAsync(ShopJson.Default.AddItem, request.HttpContext.RequestAborted)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static JsonHttpResult<CartAnswer> Answer(HttpContext context, Cart cart)
    {
        context.Response.Headers.CacheControl = "no-store";
        var path = RequestPath.Of(context);
        var answer = new CartAnswer(cart.Items, cart.Count, path.Session, path.Owner, path.Ingress, path.Forwarded);
        return TypedResults.Json(answer, ShopJson.Default.CartAnswer);
    }

    private static ProblemHttpResult Problem(int status, string detail) => TypedResults.Problem(detail, statusCode: status);
}
