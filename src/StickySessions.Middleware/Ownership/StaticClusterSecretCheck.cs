using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Redis;
using StickySessions.Tokens;

namespace StickySessions.Ownership;

/// <summary>Nodes that share no store must share a configured secret, or none accepts what another has signed.</summary>
internal sealed class StaticClusterSecretCheck(
    IOptions<StickyStaticOptions> cluster, IOptions<StickyRedisOptions> redis, IOptions<StickyNodeOptions> node) : IValidateOptions<StickyKeyOptions>
{
    public ValidateOptionsResult Validate(string? name, StickyKeyOptions options)
    {
        if (options.Secret is not null || redis.Value.Configuration is not null)
        {
            return ValidateOptionsResult.Success;
        }

        var others = cluster.Value.Nodes.Keys.Where(other => other != node.Value.Name).ToArray();
        return others.Length == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"StickySessions:Keys:Secret is not set, but node \"{node.Value.Name}\" forms a cluster with \"{string.Join("\", \"", others)}\" "
                + "(StickySessions:Static:Nodes). Set the same secret, at least 32 characters, on all nodes.");
    }
}
