namespace StickySessions.Cluster;

/// <summary>Where a node is in its life.</summary>
internal enum NodeState
{
    /// <summary>Its interconnect is bound; the application has not started yet.</summary>
    Starting,

    /// <summary>Takes new sessions.</summary>
    Active,

    /// <summary>Takes no new sessions and still serves those it holds.</summary>
    Draining,

    /// <summary>Left, or its lease ran out. Its sessions may be claimed.</summary>
    Gone,
}
