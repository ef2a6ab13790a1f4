using Microsoft.AspNetCore.Http;
using StickySessions.Tokens;

namespace StickySessions.Policies;

/// <summary>
/// Finds the policy of a request: what its endpoint says, else the longest prefix of its path, else the default policy. Safe for concurrent
/// use; resolving allocates nothing.
/// </summary>
internal sealed class PolicyResolver(PolicyStore policies)
{
    private readonly EndpointStickinessCache _endpoints = new(policies);

    public StickyPolicy Default => policies.Default.Current;

    public IEnumerable<StickyPolicy> All => policies.All.Select(slot => slot.Current);

    /// <summary>Where tokens are that something was appended to. Empty unless a policy rewrites.</summary>
    public ReadOnlySpan<StickyTokenSourceOptions> Rewritten => policies.Rewritten.AsSpan();

    /// <inheritdoc cref="PolicyStore.LongestIdleTimeout"/>
    public TimeSpan LongestIdleTimeout => policies.LongestIdleTimeout;

    /// <returns>Null if this node has no such policy.</returns>
    public StickyPolicy? Find(string name) => policies.Find(name)?.Current;

    /// <summary>The policy of a request that another node received, which has settled it: while a new version is rolled out, the two may differ.</summary>
    public StickyPolicy? ResolveForwarded(HttpContext context, string name)
    {
        if (context.GetEndpoint() is { } endpoint)
        {
            _endpoints.See(endpoint);
        }

        return Find(name) ?? Resolve(context);
    }

    /// <summary>Whether the request runs in its turn. A look at two flags, as long as nobody wants that.</summary>
    public bool IsOneAtATime(HttpContext context, StickyPolicy policy)
        => (policy.OneAtATime || _endpoints.HasSerialized)
            && (context.GetEndpoint()?.Metadata.GetMetadata<ISerializeStickySessionMetadata>()?.IsSerialized ?? policy.OneAtATime);

    /// <summary>The policy that the request falls under, or null if it is not sticky.</summary>
    /// <exception cref="InvalidOperationException">Its endpoint requires a policy that does not exist.</exception>
    public StickyPolicy? Resolve(HttpContext context)
    {
        var endpoint = context.GetEndpoint() is { } found ? _endpoints.Get(found) : EndpointStickiness.Unspecified;
        if (endpoint == EndpointStickiness.Disabled)
        {
            return null;
        }

        if (endpoint.Required is { } required)
        {
            return required.Current;
        }

        var policy = (policies.Prefixes.Find(context.Request.Path) ?? policies.Default).Current;
        return policy.StickyByDefault ? policy : null;
    }

    /// <summary>What is wrong with what these endpoints require.</summary>
    public IEnumerable<string> Problems(IEnumerable<Endpoint> endpoints)
        => endpoints.Select(_endpoints.Problem).OfType<string>().Distinct(StringComparer.Ordinal);
}
