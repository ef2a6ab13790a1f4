namespace StickySessions.Cluster;

/// <summary>This node. Configuration section <c>StickySessions:Node</c>.</summary>
public sealed class StickyNodeOptions
{
    /// <summary>
    /// The node's stable name, unique in the cluster: 1 to 64 of letters, digits, <c>-</c>, <c>_</c> and <c>.</c>.
    /// Default: the machine's name. Two processes on one machine need a name each.
    /// </summary>
    public string Name { get; set; } = Environment.MachineName;

    /// <summary>
    /// Where clients (or the balancer) reach this node, for instance <c>http://10.0.0.5:8080</c>. Needed only without an
    /// interconnect; otherwise it is one more piece of evidence when the node seems to be gone.
    /// Default: taken from the server's own addresses once it has started.
    /// </summary>
    public Uri? PublicAddress { get; set; }

    /// <summary>The node's share of orphaned sessions relative to the other nodes, 1 to 10,000. Default: 100.</summary>
    public int Weight { get; set; } = 100;

    /// <summary>
    /// How long the node goes on serving after it announced that it drains (readiness turns 503), so that balancers notice before
    /// its listeners close. 0 to 10 minutes; must fit the host's <c>ShutdownTimeout</c>. Default: 5 seconds.
    /// </summary>
    public TimeSpan DrainDelay { get; set; } = TimeSpan.FromSeconds(5);
}
