namespace StickySessions.Cluster;

/// <summary>Whether this node sees most of the cluster. Without a store, only such a node may claim sessions.</summary>
internal interface IMajority
{
    /// <summary>Whether a majority of the configured nodes, this one included, is in sight; always true for clusters of one or two.</summary>
    bool HasMajority { get; }
}
