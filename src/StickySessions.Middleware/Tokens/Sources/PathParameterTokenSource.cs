using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace StickySessions.Tokens;

/// <summary>
/// A parameter of a path segment (RFC 3986 §3.3), <c>/cart;jsessionid=abc/items</c>: the last one that has a value, since a link that is
/// relative to a page appends to that page's parameters. Read from the target as the client sent it, where <c>%3B</c> is no <c>;</c>.
/// Names are the same in either case, because servlet containers call <c>jsessionid</c> in the path what is <c>JSESSIONID</c> as a cookie.
/// Not percent-decoded, as the cookie is not, so that both have one value.
/// </summary>
internal sealed class PathParameterTokenSource(string name) : TokenSource
{
    public override ValueTask<StringValues> ReadAsync(HttpContext context)
    {
        var value = FindLast(PathOf(context));
        return new(value.IsEmpty ? StringValues.Empty : value.ToString());
    }

    private ReadOnlySpan<char> FindLast(ReadOnlySpan<char> path)
    {
        while (path.LastIndexOf(';') is >= 0 and var begin)
        {
            var parameter = path[(begin + 1)..];
            if (parameter.IndexOf('/') is >= 0 and var segmentEnd)
            {
                parameter = parameter[..segmentEnd];
            }

            var equals = parameter.IndexOf('=');
            if (equals >= 0 && equals < parameter.Length - 1 && parameter[..equals].Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return parameter[(equals + 1)..];
            }

            path = path[..begin];
        }

        return default;
    }

    /// <summary>Of the origin form or the absolute form of a target (RFC 9112 §3.2). Not every server has one; then the path, decoded.</summary>
    private static ReadOnlySpan<char> PathOf(HttpContext context)
    {
        var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget;
        if (string.IsNullOrEmpty(target))
        {
            return context.Request.Path.Value;
        }

        var path = target.AsSpan();
        if (path[0] != '/')
        {
            var authority = path.IndexOf("://");
            path = authority < 0 ? default : path[(authority + 3)..];
            path = path.IndexOf('/') is >= 0 and var begin ? path[begin..] : default;
        }

        return path.IndexOf('?') is >= 0 and var query ? path[..query] : path;
    }
}
