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
        try
        {
            return options.Enabled ? CheckInterconnect(options) : CheckPublicAddress();
        }
        catch (Exception unreadable) when (unreadable is OptionsValidationException or InvalidOperationException)
        {
            // A section that this depends on is wrong, which is said on its own account.
            return ValidateOptionsResult.Success;
        }
    }

    private ValidateOptionsResult CheckPublicAddress()
    {
        if (node.Value.PublicAddress is not null)
        {
            return ValidateOptionsResult.Success;
        }

        return redis.Value.Configuration is null && cluster.Value.Nodes.Keys.All(other => other == node.Value.Name)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                "StickySessions:Interconnect:Enabled is false, so other nodes forward to StickySessions:Node:PublicAddress, which is not set. "
                + "Set it to where they reach this node, like http://10.0.0.5:8080.");
    }

    /// <summary>A configured cluster that does not list this node gives it nowhere to listen, so the others would never reach it.</summary>
    private ValidateOptionsResult CheckInterconnect(StickyInterconnectOptions options)
    {
        if (options.Url is not null)
        {
            return ValidateOptionsResult.Success;
        }

        var own = node.Value.Name;
        return cluster.Value.Nodes.Count == 0 || InterconnectEndpoint.Choose(options, node.Value, cluster.Value, redis.Value) is not null
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"StickySessions:Node:Name is '{own}', but StickySessions:Static:Nodes names only '{string.Join("', '", cluster.Value.Nodes.Keys)}', so other nodes "
                + $"cannot reach this one. Add StickySessions:Static:Nodes:{own} with its address, like http://10.0.0.5:6001, or correct the name, or set "
                + "StickySessions:Interconnect:Url.");
    }
}
