namespace ShopCart.Shop;

/// <summary>
/// Refuses what another site makes a browser send. SameSite cookies keep the cart from it already; but such a request, arriving without
/// cookies, would begin a new session and so replace the shopper's.
/// </summary>
internal sealed class SameSiteOnly : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var request = context.HttpContext.Request;
        return request.Headers["Sec-Fetch-Site"] == "cross-site" && !HttpMethods.IsGet(request.Method)
            ? TypedResults.Problem("Another site may not do this.", statusCode: StatusCodes.Status403Forbidden)
            : await next(context);
    }
}
