using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using StickySessions.Tokens;

namespace StickySessions.Policies;

/// <summary>
/// What the last Cookie header of a connection said. A client repeats its header on every request of a connection, and the server
/// then hands out the same string instance: the comparison is one of references, and no MAC is computed. The streams of an
/// HTTP/2 connection share the cache, so the entry is immutable and replaced as a whole.
/// </summary>
internal sealed class ConnectionTokenCache
{
    private static readonly object ItemKey = new();

    private volatile Entry? _last;

    /// <summary>The cache of the request's connection, or null where the server knows no connections.</summary>
    public static ConnectionTokenCache? Find(HttpContext context)
    {
        if (context.Features.Get<IConnectionItemsFeature>()?.Items is not { } items)
        {
            return null;
        }

        // The items are a plain dictionary that parallel streams share.
        lock (items)
        {
            if (!items.TryGetValue(ItemKey, out var cache))
            {
                items[ItemKey] = cache = new ConnectionTokenCache();
            }

            return (ConnectionTokenCache?)cache;
        }
    }

    /// <summary>Finds what was remembered for this header, under this policy, verified with these very keys.</summary>
    public bool TryGet(string header, StickyPolicy policy, KeyRing keys, out TokenFinding result)
    {
        if (_last is { } last && string.Equals(last.Header, header) && last.Policy == policy && last.Keys == keys)
        {
            result = last.Result;
            return true;
        }

        result = default;
        return false;
    }

    public void Set(string header, StickyPolicy policy, KeyRing keys, in TokenFinding result)
        => _last = new Entry(header, policy, keys, result);

    private sealed record Entry(string Header, StickyPolicy Policy, KeyRing Keys, TokenFinding Result);
}
