using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace StickySessions.Policies;

/// <summary>
/// A token must never reach a second client through a shared cache (RFC 9111). A response that a shared cache may store because it
/// says so stays as it is and gets no token; any other becomes private when it gets one.
/// </summary>
internal static class CacheabilityRule
{
    /// <summary>Speak to shared caches only, and those that know them disregard Cache-Control and Expires (RFC 9213).</summary>
    private static readonly string[] TargetedHeaders = ["CDN-Cache-Control", "Surrogate-Control"];

    /// <summary>
    /// Whether a token may be inserted into a response with these headers. If so the headers are made to forbid storing it in
    /// shared caches: a response without any word on caching may be stored too, by heuristics.
    /// </summary>
    public static bool TryMakePrivate(IHeaderDictionary headers, DateTimeOffset now)
    {
        foreach (var targeted in TargetedHeaders)
        {
            if (headers[targeted] is { Count: > 0 } value && !CacheDirectives.Read(value).ForbidsSharedCaches)
            {
                return false;
            }
        }

        var directives = CacheDirectives.Read(headers.CacheControl);
        if (directives.ForbidsSharedCaches)
        {
            // Of directives that contradict each other the most restrictive counts (RFC 9111 §4.2.1).
            return true;
        }

        if (directives.AllowsSharedCaches || (!directives.HasMaxAge && ExpiresLater(headers.Expires, now)))
        {
            return false;
        }

        headers.CacheControl = StringValues.Concat(headers.CacheControl, CacheControlHeaderValue.PrivateString);
        return true;
    }

    private static bool ExpiresLater(StringValues expires, DateTimeOffset now)
        => HeaderUtilities.TryParseDate(expires.ToString(), out var date) && date > now;
}
