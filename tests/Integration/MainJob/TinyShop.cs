using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace StickySessions.Tests.Integration.MainJob;

/// <summary>The shop's interface with carts in plain memory: what breaks behind a balancer without stickiness.</summary>
internal static class TinyShop
{
    public static void Map(IEndpointRouteBuilder endpoints)
    {
        var carts = new ConcurrentDictionary<string, ConcurrentQueue<string>>(StringComparer.Ordinal);
        endpoints.MapGet("/api/products", () => "apple").DisableStickySession();
        endpoints.MapGet("/api/cart", (HttpContext context) => Show(context, carts));
        endpoints.MapPost("/api/cart/items", (HttpContext context, Line line) =>
        {
            CartOf(context, carts).Enqueue(line.Sku);
            return Show(context, carts);
        });
        endpoints.MapDelete("/api/cart", (HttpContext context) =>
        {
            carts.TryRemove(Session(context).SessionId, out _);
            Session(context).End();
            return Results.NoContent();
        });
    }

    private static IResult Show(HttpContext context, ConcurrentDictionary<string, ConcurrentQueue<string>> carts)
    {
        var session = Session(context);
        return Results.Ok(new
        {
            count = CartOf(context, carts).Count,
            session = session.SessionId,
            owner = session.Owner,
            ingress = session.Ingress,
            forwarded = session.Forwarded,
        });
    }

    private static ConcurrentQueue<string> CartOf(HttpContext context, ConcurrentDictionary<string, ConcurrentQueue<string>> carts)
        => carts.GetOrAdd(Session(context).SessionId, _ => new());

    private static IStickySessionFeature Session(HttpContext context) => context.Features.Get<IStickySessionFeature>()!;

    private sealed record Line(string Sku, int Quantity);
}
