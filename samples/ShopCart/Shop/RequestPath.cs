using StickySessions;

namespace ShopCart.Shop;

/// <summary>This node, and the names of all nodes as far as they are known beforehand: for the picture on the page.</summary>
internal sealed record ShopNodeNames(string Own, IReadOnlyList<string> All);

/// <summary>The way a request took: where it came in, and where its session lives.</summary>
internal readonly record struct RequestPath(string Session, string Owner, string Ingress, bool Forwarded)
{
    /// <summary>Without sticky sessions every node believes that the session is its own.</summary>
    public static RequestPath Of(HttpContext context)
    {
        if (context.Features.Get<IStickySessionFeature>() is { } sticky)
        {
            return new RequestPath(sticky.SessionId, sticky.Owner, sticky.Ingress, sticky.Forwarded);
        }

        var own = context.RequestServices.GetRequiredService<ShopNodeNames>().Own;
        var session = context.Session.Keys.Any() ? context.Session.Id : "";
        return new RequestPath(session, own, own, Forwarded: false);
    }
}
