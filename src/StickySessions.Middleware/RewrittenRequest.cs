using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using StickySessions.Tokens;

namespace StickySessions;

/// <summary>Takes what was appended to the application's tokens off a request, before the application sees it.</summary>
internal static class RewrittenRequest
{
    /// <param name="context">The request.</param>
    /// <param name="sources">Where the policies that rewrite look for tokens: cookies and headers.</param>
    public static void Restore(HttpContext context, ReadOnlySpan<StickyTokenSourceOptions> sources)
    {
        var headers = context.Request.Headers;
        foreach (var source in sources)
        {
            if (source.Kind == StickyTokenSourceKind.Cookie)
            {
                if (WithoutSuffixes(headers.Cookie, source.Name!) is { } cookies)
                {
                    headers.Cookie = cookies;
                }
            }
            else if (headers.TryGetValue(source.Name!, out var values) && values.Any(value => value is not null && RewrittenToken.IndexOfSuffix(value) >= 0))
            {
                headers[source.Name!] = values.Select(value => value is null ? null : RewrittenToken.OwnPart(value)).ToArray();
            }
        }
    }

    /// <returns>Null if there is nothing to change.</returns>
    private static StringValues? WithoutSuffixes(StringValues cookies, string name)
    {
        string?[]? changed = null;
        for (var i = 0; i < cookies.Count; i++)
        {
            if (cookies[i] is { } header && WithoutSuffixes(header, name) is { } without)
            {
                changed ??= cookies.ToArray();
                changed[i] = without;
            }
        }

        // An array that is null would become headers without a value, not null.
        return changed is null ? (StringValues?)null : changed;
    }

    private static string? WithoutSuffixes(string header, string name)
    {
        if (!header.Contains(RewrittenToken.Separator))
        {
            return null;
        }

        var restored = new StringBuilder(header.Length);
        foreach (var range in header.AsSpan().Split(';'))
        {
            if (range.Start.Value > 0)
            {
                restored.Append(';');
            }

            var pair = header.AsSpan(range);
            var equals = pair.IndexOf('=');
            var end = pair.TrimEnd().TrimEnd('"').Length;
            var value = equals < 0 ? default : pair[(equals + 1)..end].TrimStart().TrimStart('"');
            var isSuffixed = equals > 0 && pair[..equals].Trim().SequenceEqual(name) && RewrittenToken.IndexOfSuffix(value) >= 0;
            restored.Append(isSuffixed ? pair[..(end - RewrittenToken.SuffixLength)] : pair).Append(isSuffixed ? pair[end..] : default);
        }

        return restored.Length < header.Length ? restored.ToString() : null;
    }
}
