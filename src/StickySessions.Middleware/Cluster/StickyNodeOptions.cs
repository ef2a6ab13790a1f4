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

    /// <summary>The node's share of placed and orphaned sessions relative to the other nodes, 1 to 10,000. Default: 100.</summary>
    public int Weight { get; set; } = 100;

    /// <summary>
    /// How long a node that has just started takes less than its share of the new sessions that are placed by load or by hash: from a tenth
    /// of <see cref="Weight"/>, rising in a straight line. 0 (off) to 1 hour. Default: 30 seconds.
    /// </summary>
    public TimeSpan SlowStart { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// At how many requests of sessions that run in the application at once the node is full, 1 to 1,000,000: then it takes no new
    /// sessions while another node can, and <see cref="WhenFull"/> says what happens to requests of those it holds. WebSockets and
    /// server-sent events count until their response begins. Default: none.
    /// </summary>
    public int? MaxRequests { get; set; }

    /// <summary>What a full node does with a request of a session it holds. Default: <see cref="FullNodeBehavior.Serve"/>.</summary>
    public FullNodeBehavior WhenFull { get; set; }

    /// <summary>How many requests wait at a full node with <see cref="FullNodeBehavior.Queue"/>, 1 to 1,000,000. Default: 1,000.</summary>
    public int QueueLimit { get; set; } = 1_000;

    /// <summary>How long a request waits at a full node before it is shed, 10 milliseconds to 5 minutes. Default: 5 seconds.</summary>
    public TimeSpan QueueTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long the node goes on serving after it announced that it drains (readiness turns 503), so that balancers notice before
    /// its listeners close. 0 to 10 minutes, less than <see cref="DrainTimeout"/>. Default: 5 seconds.
    /// </summary>
    public TimeSpan DrainDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a drain may take in all: <see cref="DrainDelay"/>, then handing the sessions over. What is left then is stored, where there
    /// is a store, and the node leaves. 1 second to 1 hour; must fit the orchestrator's grace period, of which the host needs its part
    /// too. Default: 25 seconds, for Kubernetes' 30.
    /// </summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(25);
}
