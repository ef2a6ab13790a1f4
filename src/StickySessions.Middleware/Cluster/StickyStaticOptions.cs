namespace StickySessions.Cluster;

/// <summary>A cluster of configured nodes, without Redis. Configuration section <c>StickySessions:Static</c>.</summary>
public sealed class StickyStaticOptions
{
    /// <summary>
    /// The cluster's nodes: name to interconnect address (<c>http://10.0.0.5:6001</c>), or to the public address of nodes that
    /// run without an interconnect. May include this node. Default: empty, a cluster of this node alone.
    /// </summary>
    public IDictionary<string, string> Nodes { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>How often each node is probed, 100 milliseconds to 1 minute. Default: 1 second.</summary>
    public TimeSpan ProbeInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// After how long without an answer a node counts as gone; a refused connection counts at once. At least two probe intervals.
    /// Default: 5 seconds.
    /// </summary>
    public TimeSpan GoneAfter { get; set; } = TimeSpan.FromSeconds(5);
}
