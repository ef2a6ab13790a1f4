using System.Globalization;

namespace StickySessions.Tests.ClientApp;

/// <summary>The least that needs stickiness: a number in memory for each visitor.</summary>
internal static class Counter
{
    public static void MapCounter(this WebApplication app)
        => app.MapMethods("/count", [HttpMethods.Get, HttpMethods.Post], (HttpContext context, Visitors visitors) =>
        {
            context.Response.Headers.CacheControl = "no-store";
            return visitors.Count(Visitors.Find(context) ?? Visitors.Welcome(context)).ToString(CultureInfo.InvariantCulture);
        });
}
