using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.StaticAssets;

namespace StickySessions.Policies;

/// <summary>What an endpoint says about itself, whatever the policy.</summary>
internal enum EndpointStickiness
{
    Unspecified,
    Required,
    Disabled,
}

/// <summary>Reads an endpoint's metadata once. Endpoints come and go (an application may replace them), so none is kept alive.</summary>
internal sealed class EndpointStickinessCache
{
    /// <summary>What <c>MapHealthChecks</c> calls its endpoints; they carry no metadata of their own.</summary>
    private const string HealthChecksDisplayName = "Health checks";

    private readonly ConditionalWeakTable<Endpoint, object> _known = [];

    public EndpointStickiness Get(Endpoint endpoint)
        => _known.TryGetValue(endpoint, out var known) ? (EndpointStickiness)known : Add(endpoint);

    private EndpointStickiness Add(Endpoint endpoint)
        => (EndpointStickiness)_known.GetValue(endpoint, static added => Read(added));

    private static EndpointStickiness Read(Endpoint endpoint)
    {
        // Never sticky, not even inside a group that requires it: any node answers them alike.
        if (endpoint.Metadata.GetMetadata<StaticAssetDescriptor>() is not null || endpoint.DisplayName == HealthChecksDisplayName)
        {
            return EndpointStickiness.Disabled;
        }

        for (var i = endpoint.Metadata.Count - 1; i >= 0; i--)
        {
            switch (endpoint.Metadata[i])
            {
                case IDisableStickySessionMetadata:
                    return EndpointStickiness.Disabled;
                case IRequireStickySessionMetadata:
                    return EndpointStickiness.Required;
            }
        }

        return EndpointStickiness.Unspecified;
    }
}
