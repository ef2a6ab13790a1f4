using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Redis;

namespace StickySessions.Forwarding;

/// <summary>A node of a cluster has to be reachable: by its interconnect, or else at an address that is known before it joins.</summary>
internal sealed class PublicAddressCheck(
    IOptions<StickyNodeOptions> node, IOptions<StickyStaticOptions> cluster, IOptions<StickyRedisOptions> redis) : IValidateOptions<StickyInterconnectOptions>
{
    public ValidateOptionsResult Validate(string? name, StickyInterconnectOptions options)
    {
        if (options.Enabled || node.Value.PublicAddress is not null)
        {
            return ValidateOptionsResult.Success;
        }

        return redis.Value.Configuration is null && cluster.Value.Nodes.Keys.All(other => other == node.Value.Name)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                "StickySessions:Interconnect:Enabled is false, so other nodes forward to StickySessions:Node:PublicAddress, which is not set. "
                + "Set it to where they reach this node, like http://10.0.0.5:8080.");
    }
}
