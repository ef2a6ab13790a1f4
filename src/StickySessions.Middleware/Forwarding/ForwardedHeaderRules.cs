using System.Collections.Frozen;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace StickySessions.Forwarding;

/// <summary>Which headers cross from node to node. Everything does that is not about one connection (RFC 9110 section 7.6.1).</summary>
internal static class ForwardedHeaderRules
{
    /// <summary>Headers about one hop, whether or not <c>Connection</c> names them. <c>Host</c> travels in the envelope.</summary>
    private static readonly FrozenSet<string> OfOneHop = FrozenSet.ToFrozenSet(
        [
            HeaderNames.Connection, HeaderNames.KeepAlive, HeaderNames.ProxyConnection, HeaderNames.TransferEncoding, HeaderNames.TE,
            HeaderNames.Upgrade, HeaderNames.Host, "HTTP2-Settings",
        ],
        StringComparer.OrdinalIgnoreCase);

    /// <returns>
    /// An empty content with the headers of content (Content-Type, Allow, …) if there are any and <paramref name="destination"/> has no
    /// content: without it they cannot stand.
    /// </returns>
    public static HttpContent? CopyRequest(HttpRequest source, HttpRequestMessage destination)
    {
        HttpContent? contentOfHeaders = null;
        var headers = source.Headers;
        var named = headers.Connection;
        foreach (var (name, values) in headers)
        {
            if (!OfOneHop.Contains(name) && !StickyHeaders.IsReserved(name) && !name.StartsWith(':') && !IsNamed(named, name))
            {
                Add(destination, name, values, ref contentOfHeaders);
            }
        }

        if (headers.TE.Count > 0 && headers.TE.ToString().Contains("trailers", StringComparison.OrdinalIgnoreCase))
        {
            // gRPC servers ask for it: the one value of TE that HTTP/2 allows.
            destination.Headers.TryAddWithoutValidation(HeaderNames.TE, "trailers");
        }

        return contentOfHeaders;
    }

    public static void CopyResponse(HttpResponseMessage source, HttpContext context)
    {
        var headers = context.Response.Headers;
        // The owner ran the whole pipeline: what this node's middleware set before it would appear twice.
        headers.Clear();
        var named = source.Headers.NonValidated.TryGetValues(HeaderNames.Connection, out var connection) ? Values(connection) : default;
        Copy(source.Headers.NonValidated, named, headers);
        Copy(source.Content.Headers.NonValidated, named, headers);

        if (HttpProtocol.IsHttp11(context.Request.Protocol)
            && (source.Headers.NonValidated.TryGetValues(StickyHeaders.Upgrade, out var upgrade)
                || (source.StatusCode == System.Net.HttpStatusCode.UpgradeRequired && source.Headers.NonValidated.TryGetValues(HeaderNames.Upgrade, out upgrade))))
        {
            // A 426 must say what to upgrade to (RFC 9110 section 15.5.22).
            headers.Upgrade = Values(upgrade);
            headers.Connection = HeaderNames.Upgrade;
        }
    }

    private static void Copy(HttpHeadersNonValidated source, StringValues named, IHeaderDictionary destination)
    {
        foreach (var (name, values) in source)
        {
            if (!OfOneHop.Contains(name) && !StickyHeaders.IsReserved(name) && !IsNamed(named, name))
            {
                destination[name] = Values(values);
            }
        }
    }

    private static void Add(HttpRequestMessage destination, string name, StringValues values, ref HttpContent? contentOfHeaders)
    {
        if (values.Count == 1 ? destination.Headers.TryAddWithoutValidation(name, values[0]) : destination.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
        {
            return;
        }

        var content = destination.Content ?? (contentOfHeaders ??= new ByteArrayContent([]));
        content.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
    }

    private static StringValues Values(HeaderStringValues values)
    {
        if (values.Count <= 1)
        {
            return values.ToString();
        }

        var all = new string[values.Count];
        var index = 0;
        foreach (var value in values)
        {
            all[index++] = value;
        }

        return all;
    }

    private static bool IsNamed(StringValues connection, string name)
    {
        foreach (var value in connection)
        {
            // The usual "keep-alive" and "close" are names that OfOneHop or nobody has.
            foreach (var token in value.AsSpan().Split(','))
            {
                if (value.AsSpan()[token].Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
