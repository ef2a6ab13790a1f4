using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;

namespace StickySessions.Policies;

/// <summary>Which paths fall under which policy. Immutable; looking one up allocates nothing.</summary>
internal sealed class PathPrefixes
{
    private readonly ImmutableArray<(PathString Prefix, PolicySlot Policy)> _longestFirst;

    public PathPrefixes(IEnumerable<PolicySlot> policies)
        => _longestFirst =
        [
            .. from policy in policies
               from prefix in policy.Settings.Options.PathPrefixes
               orderby prefix.Length descending
               select (new PathString(prefix), policy),
        ];

    /// <returns>Null if the path has none of the prefixes.</returns>
    public PolicySlot? Find(PathString path)
    {
        foreach (var (prefix, policy) in _longestFirst)
        {
            if (path.StartsWithSegments(prefix))
            {
                return policy;
            }
        }

        return null;
    }
}
