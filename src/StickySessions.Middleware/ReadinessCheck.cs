using Microsoft.Extensions.Diagnostics.HealthChecks;
using StickySessions.Cluster;

namespace StickySessions;

/// <summary>Unhealthy while this node starts or drains, degraded while something is wrong that can heal.</summary>
internal sealed class ReadinessCheck(NodeStage node, IClusterMembership membership) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        => Task.FromResult(Check());

    private HealthCheckResult Check()
    {
        if (node.IsDraining)
        {
            return HealthCheckResult.Unhealthy("This node drains and takes no new requests.");
        }

        if (!membership.IsJoined)
        {
            return HealthCheckResult.Unhealthy(membership.Degradation ?? "This node has not joined the cluster yet.");
        }

        if (!node.IsActive)
        {
            return HealthCheckResult.Unhealthy("This node is starting.");
        }

        return membership.Degradation is { } reason ? HealthCheckResult.Degraded(reason) : HealthCheckResult.Healthy();
    }
}
