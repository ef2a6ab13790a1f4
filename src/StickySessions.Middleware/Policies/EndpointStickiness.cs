using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.StaticAssets;

namespace StickySessions.Policies;

/// <summary>What an endpoint says about itself.</summary>
internal sealed class EndpointStickiness(PolicySlot? required)
{
    public static readonly EndpointStickiness Unspecified = new(required: null);
    public static readonly EndpointStickiness Disabled = new(required: null);

    /// <summary>The policy that it requires, if it does.</summary>
    public PolicySlot? Required => required;
}

/// <summary>Reads an endpoint's metadata once. Endpoints come and go (an application may replace them), so none is kept alive.</summary>
internal sealed class EndpointStickinessCache(PolicyStore policies)
{
    /// <summary>What <c>MapHealthChecks</c> calls its endpoints; they carry no metadata of their own.</summary>
    private const string HealthChecksDisplayName = "Health checks";

    private static readonly DisableStickySessionAttribute NeverSticky = new();

    private readonly ConditionalWeakTable<Endpoint, EndpointStickiness> _known = [];
    private volatile bool _hasSerialized;

    /// <summary>Whether the requests of an endpoint that was seen run one after the other by what it says itself.</summary>
    public bool HasSerialized => _hasSerialized;

    /// <exception cref="InvalidOperationException">The endpoint requires a policy that does not exist.</exception>
    public EndpointStickiness Get(Endpoint endpoint) => _known.TryGetValue(endpoint, out var known) ? known : Add(endpoint);

    /// <returns>Null if the endpoint requires no policy, or one that exists.</returns>
    public string? Problem(Endpoint endpoint)
        => DecisiveMetadata(endpoint) is IRequireStickySessionMetadata required && Find(required) is null
            ? $"The endpoint \"{endpoint.DisplayName}\" requires the policy \"{required.PolicyName}\", which does not exist: add it with AddStickySessions().AddPolicy(\"{required.PolicyName}\", …) or in {PolicyNames.Section(required.PolicyName)}, or choose one of {string.Join(", ", policies.All.Select(policy => policy.Name))}."
            : null;

    /// <summary>A request has come to an endpoint, whose policy was settled elsewhere.</summary>
    public void See(Endpoint endpoint)
    {
        if (!_hasSerialized && endpoint.Metadata.GetMetadata<ISerializeStickySessionMetadata>() is { IsSerialized: true })
        {
            _hasSerialized = true;
        }
    }

    private EndpointStickiness Add(Endpoint endpoint)
    {
        See(endpoint);
        return Problem(endpoint) is { } problem ? throw new InvalidOperationException(problem) : _known.GetValue(endpoint, Read);
    }

    private EndpointStickiness Read(Endpoint endpoint) => DecisiveMetadata(endpoint) switch
    {
        IDisableStickySessionMetadata => EndpointStickiness.Disabled,
        IRequireStickySessionMetadata required => new EndpointStickiness(Find(required)),
        _ => EndpointStickiness.Unspecified,
    };

    private PolicySlot? Find(IRequireStickySessionMetadata required)
        => required.PolicyName is { } name ? policies.Find(name) : policies.Default;

    private static object? DecisiveMetadata(Endpoint endpoint)
    {
        // Never sticky, not even inside a group that requires it: any node answers them alike.
        if (endpoint.Metadata.GetMetadata<StaticAssetDescriptor>() is not null || endpoint.DisplayName == HealthChecksDisplayName)
        {
            return NeverSticky;
        }

        for (var i = endpoint.Metadata.Count - 1; i >= 0; i--)
        {
            if (endpoint.Metadata[i] is IDisableStickySessionMetadata or IRequireStickySessionMetadata)
            {
                return endpoint.Metadata[i];
            }
        }

        return null;
    }
}
