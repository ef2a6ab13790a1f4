using StickySessions.Tokens;

namespace StickySessions.Policies;

/// <summary>
/// What of a policy does not change while the node runs: how its tokens are found and bound. Otherwise the sessions that live would be lost,
/// and nodes would differ until all have read their configuration again.
/// </summary>
internal static class RestartOnly
{
    /// <summary>Puts what the policy had as the node started back into newly read options.</summary>
    /// <returns>The properties that differed.</returns>
    public static IReadOnlyList<string> Keep(StickyPolicyOptions started, StickyPolicyOptions read)
    {
        var differing = new List<string>();
        if (read.Method != started.Method)
        {
            differing.Add(nameof(read.Method));
            read.Method = started.Method;
        }

        if (!read.Sources.Select(Fingerprint).SequenceEqual(started.Sources.Select(Fingerprint)))
        {
            differing.Add(nameof(read.Sources));
            read.Sources.Clear();
            foreach (var source in started.Sources)
            {
                read.Sources.Add(source);
            }
        }

        if (read.OnConflict != started.OnConflict)
        {
            differing.Add(nameof(read.OnConflict));
            read.OnConflict = started.OnConflict;
        }

        if (read.CrossSiteTwin != started.CrossSiteTwin)
        {
            differing.Add(nameof(read.CrossSiteTwin));
            read.CrossSiteTwin = started.CrossSiteTwin;
        }

        if (read.PostOnly != started.PostOnly)
        {
            differing.Add(nameof(read.PostOnly));
            read.PostOnly = started.PostOnly;
        }

        if (read.LearnFromBody != started.LearnFromBody)
        {
            differing.Add(nameof(read.LearnFromBody));
            read.LearnFromBody = started.LearnFromBody;
        }

        if (read.Durability != started.Durability)
        {
            differing.Add(nameof(read.Durability));
            read.Durability = started.Durability;
        }

        if (!read.EndWithCookies.SequenceEqual(started.EndWithCookies, StringComparer.Ordinal))
        {
            differing.Add(nameof(read.EndWithCookies));
            read.EndWithCookies.Clear();
            foreach (var name in started.EndWithCookies)
            {
                read.EndWithCookies.Add(name);
            }
        }

        if (read.Cookie.Name != started.Cookie.Name)
        {
            differing.Add("Cookie:Name");
            read.Cookie.Name = started.Cookie.Name;
        }

        return differing;
    }

    /// <summary>Code that configures a policy runs again at each change and may make its own source anew: only its type tells it from another.</summary>
    private static object Fingerprint(StickyTokenSourceOptions source) => (
        source.Kind,
        source.Name,
        source.IPv4PrefixLength,
        source.IPv6PrefixLength,
        source.AuthenticationScheme,
        source.Custom?.GetType(),
        (source.Transform.Pattern, source.Transform.Prefix, source.Transform.Offset, source.Transform.Length, source.Transform.IgnoreCase));
}
