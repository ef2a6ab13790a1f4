using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Policies;

namespace StickySessions.Ownership;

/// <summary>What this node says of its own load, and how much of its weight it takes in new sessions.</summary>
internal sealed class OwnLoad(
    HeldSessions held, RunningCount running, RequestLimit limit, PolicyResolver policies, IOptions<StickyNodeOptions> options, TimeProvider time)
    : INodeLoadSource
{
    private readonly SlowStart _slowStart = new(options.Value.SlowStart, time);
    private volatile bool _areOthersWanted;

    public NodeLoad Current => new(held.Count, running.Count, limit.IsFull ? 0 : _slowStart.Percent);

    public bool AreOthersWanted
        => _areOthersWanted || limit.IsSet || policies.All.Any(policy => policy.Placement != PlacementStrategy.Here || policy.LoadFactor is not null);

    /// <summary>Somebody else needs to know them.</summary>
    public void WantOthers() => _areOthersWanted = true;

    /// <summary>The application has started.</summary>
    public void BeginSlowStart() => _slowStart.Begin();
}
