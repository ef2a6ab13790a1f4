using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using StickySessions.Tokens;

namespace StickySessions.Policies;

/// <summary>
/// Finds the policy of a request. Follows the configuration while the application runs; a change that is not valid leaves the
/// policy as it is. Safe for concurrent use; resolving allocates nothing.
/// </summary>
internal sealed class PolicyResolver : IDisposable
{
    private readonly EndpointStickinessCache _endpoints = new();
    private readonly IDisposable? _subscription;
    private volatile StickyPolicy _default;

    public PolicyResolver(IOptionsMonitor<StickyPolicyOptions> options)
    {
        _default = new StickyPolicy(StickyPolicy.DefaultName, options.CurrentValue);
        _subscription = options.OnChange(changed => _default = new StickyPolicy(StickyPolicy.DefaultName, changed));
    }

    public StickyPolicy Default => _default;

    /// <summary>Where tokens are that something was appended to. Empty unless a policy rewrites.</summary>
    public ReadOnlySpan<StickyTokenSourceOptions> Rewritten
        => _default is { Method: StickyMethod.Rewrite, Sources: { } sources } ? sources.Sources.AsSpan() : default;

    /// <summary>The policy that the request's endpoint falls under, or null if the endpoint is not sticky.</summary>
    public StickyPolicy? Resolve(HttpContext context)
    {
        var policy = _default;
        var stickiness = context.GetEndpoint() is { } endpoint ? _endpoints.Get(endpoint) : EndpointStickiness.Unspecified;
        return stickiness switch
        {
            EndpointStickiness.Required => policy,
            EndpointStickiness.Disabled => null,
            _ => policy.StickyByDefault ? policy : null,
        };
    }

    public void Dispose() => _subscription?.Dispose();
}
