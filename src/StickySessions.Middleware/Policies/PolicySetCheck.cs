using Microsoft.AspNetCore.Http;
using StickySessions.Tokens;

namespace StickySessions.Policies;

/// <summary>Finds what cannot be right about several policies together, each of them valid.</summary>
internal static class PolicySetCheck
{
    public static IEnumerable<string> Problems(IReadOnlyList<PolicySettings> policies)
        => SharedPrefixes(policies).Concat(SharedCookies([.. policies.SelectMany(CookiesOf)]));

    private static IEnumerable<string> SharedPrefixes(IReadOnlyList<PolicySettings> policies)
        => from policy in policies
           from prefix in policy.Options.PathPrefixes.Distinct(StringComparer.OrdinalIgnoreCase)
           group policy by prefix.ToUpperInvariant() into sharing
           where sharing.Count() > 1
           let prefix = sharing.First().Options.PathPrefixes.First(prefix => prefix.Equals(sharing.Key, StringComparison.OrdinalIgnoreCase))
           let keys = sharing.Select(policy => $"{policy.Section}:PathPrefixes")
           select $"{string.Join(" and ", keys)} have \"{prefix}\": leave it to one policy.";

    /// <summary>What one policy writes into a cookie, no other can read; and two would take turns in overwriting it.</summary>
    private static IEnumerable<string> SharedCookies(IReadOnlyList<BoundCookie> cookies)
        => from later in Enumerable.Range(0, cookies.Count)
           from earlier in Enumerable.Range(0, later)
           let one = cookies[earlier]
           let other = cookies[later]
           where one.Policy != other.Policy && one.Name == other.Name && (one.IsWritten || other.IsWritten) && Overlap(one.Path, other.Path)
           select $"{other.Key} is \"{other.Name}\", a cookie that the policies \"{one.Policy}\" and \"{other.Policy}\" would both use, on the paths {one.Path} and {other.Path}, and neither can read what the other writes there: choose another name or separate paths.";

    private static IEnumerable<BoundCookie> CookiesOf(PolicySettings policy)
    {
        var options = policy.Options;
        var isWritten = options.Method is StickyMethod.Insert or StickyMethod.Rewrite;

        // The path of the application's own cookie is the application's, and unknown here.
        var path = options.Method == StickyMethod.Insert ? options.Cookie.Path ?? "/" : "/";
        if (options.Sources.Count == 0)
        {
            yield return new BoundCookie(policy.Name, $"{policy.Section}:Cookie:Name", options.Cookie.Name, path, isWritten);
            if (options.CrossSiteTwin)
            {
                yield return new BoundCookie(policy.Name, $"{policy.Section}:CrossSiteTwin", StickyPolicy.TwinOf(options.Cookie.Name), path, isWritten);
            }
        }

        for (var i = 0; i < options.Sources.Count; i++)
        {
            if (options.Sources[i].Kind == StickyTokenSourceKind.Cookie)
            {
                yield return new BoundCookie(policy.Name, $"{policy.Section}:Sources:{i}:Name", options.Sources[i].Name, path, isWritten);
            }
        }
    }

    /// <summary>Whether a browser sends both to some path (RFC 6265 §5.1.4).</summary>
    private static bool Overlap(string one, string other) => IsWithin(one, other) || IsWithin(other, one);

    private static bool IsWithin(string path, string outer)
        => new PathString(path).StartsWithSegments(outer.TrimEnd('/'), StringComparison.Ordinal);

    private sealed record BoundCookie(string Policy, string Key, string? Name, string Path, bool IsWritten);
}
