using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ShopCart.Shop;

/// <summary>
/// The shop for people. The cart is plain forms that post and come back to the page; the script only makes it livelier.
/// </summary>
internal static class PageEndpoints
{
    private const string HtmlType = "text/html; charset=utf-8";

    public static void MapShopPage(this IEndpointRouteBuilder endpoints)
    {
        var page = endpoints.MapGroup("").AddEndpointFilter<SameSiteOnly>();
        page.MapGet("/", ShowAsync);
        page.MapPost("/cart/add", AddAsync);
        page.MapPost("/cart/remove", RemoveAsync);
        page.MapPost("/cart/empty", EmptyAsync);
        page.MapAsset("shop.css", "text/css; charset=utf-8");
        page.MapAsset("shop.js", "text/javascript; charset=utf-8");
        page.MapAsset("pictures.svg", "image/svg+xml");
        page.MapAsset("basket.svg", "image/svg+xml");
    }

    private static async Task<IResult> ShowAsync(HttpContext context, ICarts carts, ShopNodeNames names)
    {
        var cart = await carts.ReadAsync(context);
        var headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        headers.ContentSecurityPolicy = "default-src 'self'; form-action 'self'; frame-ancestors 'none'";
        return TypedResults.Text(ShopPage.Render(cart, RequestPath.Of(context), names.All), HtmlType);
    }

    private static async Task<IResult> AddAsync(HttpContext context, ICarts carts)
    {
        var form = await ReadFormAsync(context.Request);
        var sku = form["sku"].ToString();
        int? quantity = int.TryParse(form["quantity"], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
        if (CartEndpoints.Refusal(sku, quantity) is { } refusal)
        {
            return TypedResults.Problem(refusal, statusCode: StatusCodes.Status400BadRequest);
        }

        await carts.ChangeAsync(context, cart =>
        {
            cart.Add(sku, quantity!.Value);
            return true;
        });
        return BackToShop(context);
    }

    private static async Task<IResult> RemoveAsync(HttpContext context, ICarts carts)
    {
        var form = await ReadFormAsync(context.Request);
        await carts.ChangeAsync(context, cart => cart.Remove(form["sku"].ToString()));
        return BackToShop(context);
    }

    private static async Task<IResult> EmptyAsync(HttpContext context, ICarts carts)
    {
        await carts.EndAsync(context);
        return BackToShop(context);
    }

    private static async Task<IFormCollection> ReadFormAsync(HttpRequest request)
        => request.HasFormContentType ? await request.ReadFormAsync(request.HttpContext.RequestAborted) : FormCollection.Empty;

    // 303: reloading the page must not add again.
    private static StatusCodeHttpResult BackToShop(HttpContext context)
    {
        context.Response.Headers.Location = "/";
        return TypedResults.StatusCode(StatusCodes.Status303SeeOther);
    }

    private static void MapAsset(this IEndpointRouteBuilder endpoints, string name, string type)
        => endpoints
            .MapGet(name, (HttpResponse response) =>
            {
                // For the life of a tab's patience: they change with the next release only.
                response.Headers.CacheControl = "public, max-age=300";
                return TypedResults.Stream(typeof(PageEndpoints).Assembly.GetManifestResourceStream(name)!, type);
            })
            .DisableStickySession();
}
