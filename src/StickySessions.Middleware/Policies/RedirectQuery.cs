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

        context.Response.Headers.Location = QueryHelpers.AddQueryString(Without(location, parameter), parameter, token);
        return true;
    }

    /// <summary>An address of this application as the client sees it, with the query of the request and the token.</summary>
    public static string Address(HttpRequest request, string path, string parameter, string token)
    {
        var query = QueryHelpers.ParseQuery(request.QueryString.Value);
        query[parameter] = token;
        return UriHelper.BuildAbsolute(request.Scheme, request.Host, request.PathBase, path, QueryString.Create(query));
    }

    /// <summary>
    /// As a browser reads it, which is not as <see cref="Uri"/> does: it takes <c>\</c> for <c>/</c>, and ignores control characters and white space
    /// in front (WHATWG URL §4.4). What could be read in two ways stays without the token.
    /// </summary>
    private static bool StaysHere(HttpRequest request, string location)
    {
        if (location.StartsWith("//", StringComparison.Ordinal) || location.Contains('\\') || char.IsWhiteSpace(location[0]) || location.Any(char.IsControl))
        {
            return false;
        }

        return !HasScheme(location) || (Uri.TryCreate(location, UriKind.Absolute, out var absolute)
            && Uri.TryCreate($"{request.Scheme}://{request.Host.Value}", UriKind.Absolute, out var here)
            && absolute.GetLeftPart(UriPartial.Scheme) == here.GetLeftPart(UriPartial.Scheme)
            && absolute.Authority == here.Authority);
    }

    /// <summary>Whether a colon stands before whatever would end a scheme (RFC 3986 §4.2).</summary>
    private static bool HasScheme(string location) => location.IndexOfAny([':', '/', '?', '#']) is >= 0 and var end && location[end] == ':';

    /// <summary>The application may send the client on with the query of its request, in which an earlier token is: the first would count.</summary>
    private static string Without(string location, string parameter)
    {
        var fragment = location.IndexOf('#') is >= 0 and var hash ? location[hash..] : string.Empty;
        var address = location[..^fragment.Length];
        if (address.IndexOf('?') is not (>= 0 and var query))
        {
            return location;
        }

        var kept = address[(query + 1)..].Split('&').Where(pair => !pair.Split('=')[0].Equals(parameter, StringComparison.OrdinalIgnoreCase)).ToArray();
        return $"{address[..query]}{(kept.Length == 0 ? "" : "?")}{string.Join('&', kept)}{fragment}";
    }
}
