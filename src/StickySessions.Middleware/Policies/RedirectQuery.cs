using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.WebUtilities;

namespace StickySessions.Policies;

/// <summary>Puts the session token into the addresses that a response sends its client to.</summary>
internal static class RedirectQuery
{
    /// <summary>Into the Location of a redirect that stays with this host: relative, or absolute with the same authority.</summary>
    public static bool TryInsert(HttpContext context, string parameter, string token)
    {
        var location = context.Response.Headers.Location.ToString();
        if (location.Length == 0 || context.Response.StatusCode is < 300 or >= 400 || !StaysHere(context.Request, location))
        {
            return false;
        }

        context.Response.Headers.Location = QueryHelpers.AddQueryString(location, parameter, token);
        return true;
    }

    /// <summary>An address of this application as the client sees it, with the query of the request and the token.</summary>
    public static string Address(HttpRequest request, string path, string parameter, string token)
    {
        var query = QueryHelpers.ParseQuery(request.QueryString.Value);
        query[parameter] = token;
        return UriHelper.BuildAbsolute(request.Scheme, request.Host, request.PathBase, path, QueryString.Create(query));
    }

    private static bool StaysHere(HttpRequest request, string location)
        => !location.StartsWith("//", StringComparison.Ordinal)
            && (!Uri.TryCreate(location, UriKind.Absolute, out var absolute)
                || absolute.IsFile
                || string.Equals(absolute.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase));
}
