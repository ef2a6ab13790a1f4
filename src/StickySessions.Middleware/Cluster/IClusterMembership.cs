using StickySessions.Tokens;

namespace StickySessions.Cluster;

/// <summary>Who is in the cluster. Implementations are safe for concurrent use.</summary>
internal interface IClusterMembership
{
    /// <summary>The latest view. Never null, replaced as a whole; empty before the node has joined.</summary>
    ClusterView View { get; }

    /// <summary>
    /// This node as it announces itself now. Its tag changes when it was expired and joined again; between the two it is the last self,
    /// with the tag that expired, so that who looked at <see cref="IsJoined"/> a moment before does not fail.
    /// </summary>
    /// <exception cref="InvalidOperationException">The node has never joined.</exception>
    Node Self { get; }

    /// <summary>
    /// Whether this node has a tag that is its own. False before the first join, for instance while Redis is away at start, and from
    /// the moment it learns that it was declared gone until it has joined again: others may own its sessions, so it serves none.
    /// </summary>
    bool IsJoined { get; }

    /// <summary>Null while all is well; otherwise one sentence for health checks that says what is wrong and what heals it.</summary>
    string? Degradation { get; }

    /// <summary>Until when this node may serve sessions from memory.</summary>
    NodeLease Lease => NodeLease.Unlimited;

    /// <summary>
    /// Whether this node sees enough of the cluster to claim a session. With Redis always, as the claim itself decides; a static
    /// cluster of three or more nodes needs a majority of them in sight.
    /// </summary>
    bool HasMajority => true;

    /// <summary>Raised after <see cref="View"/> was replaced. Handlers must be quick and must not throw.</summary>
    event Action<ClusterView>? ViewChanged;

    /// <summary>
    /// Raised when the cluster's store answers again after it was away, or may have lost writes, and before anything that this node does
    /// on the strength of that answer. Never without a store. Handlers must be quick and must not throw.
    /// </summary>
    event Action? StoreDoubted
    {
        add { }
        remove { }
    }

    /// <summary>
    /// Joins as <see cref="NodeState.Starting"/> and starts keeping the view up to date. Returns without having joined if the
    /// cluster's store is away: joining goes on in the background.
    /// </summary>
    /// <param name="self">This node; its tag is ignored, the cluster assigns it.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="ClusterJoinException">Another running process uses the same name.</exception>
    Task JoinAsync(Node self, CancellationToken cancellationToken);

    /// <summary>Announces that this node became <see cref="NodeState.Active"/> or <see cref="NodeState.Draining"/>.</summary>
    /// <param name="state">What it became.</param>
    /// <param name="publicAddress">Where clients reach it, known once its server has started; null if unknown or said before.</param>
    /// <param name="cancellationToken">Stops waiting; the announcement goes on.</param>
    Task AnnounceAsync(NodeState state, Uri? publicAddress, CancellationToken cancellationToken);

    /// <summary>Leaves: this node is <see cref="NodeState.Gone"/> for all, and waits (bounded) until the peers know it.</summary>
    Task LeaveAsync(CancellationToken cancellationToken);

    /// <summary>Brings the view up to date now; concurrent callers share one refresh. On failure returns the present view.</summary>
    Task<ClusterView> RefreshAsync(CancellationToken cancellationToken);

    /// <summary>
    /// The view to judge a tag by. Unknown is not gone: a tag that may belong to a node of which this one has not heard yet causes one
    /// refresh. If it is unknown after that as well, nobody can say yet who owns its sessions.
    /// </summary>
    ValueTask<ClusterView> ViewThatKnowsAsync(NodeTag tag, CancellationToken cancellationToken)
        => View.IsUnknown(tag) ? new ValueTask<ClusterView>(RefreshAsync(cancellationToken)) : new ValueTask<ClusterView>(View);

    /// <summary>A node as it was last known, though it may be gone. Null if it was never known, or too long ago.</summary>
    Node? FindKnown(NodeTag tag) => View.Find(tag);

    /// <summary>
    /// Says that a node could not be reached. If the evidence suffices the node is declared gone early. Returns when that is
    /// decided one way or the other; concurrent callers for one tag share the work.
    /// </summary>
    /// <returns>Whether the node is gone from <see cref="View"/> now.</returns>
    Task<bool> SuspectAsync(NodeTag tag, CancellationToken cancellationToken);

    /// <summary>A peer said, authenticated, who it is. Of use to clusters that have no store to learn it from.</summary>
    void Hear(Node peer)
    {
    }
}
