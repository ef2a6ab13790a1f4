using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Primitives;

namespace StickySessions.Tokens;

/// <summary>A route value of the endpoint that routing has chosen.</summary>
internal sealed class RouteValueTokenSource(string name) : TokenSource
{
    public override ValueTask<StringValues> ReadAsync(HttpContext context)
        => new(Convert.ToString(context.GetRouteValue(name), CultureInfo.InvariantCulture));
}
