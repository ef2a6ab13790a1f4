using StickySessions.Cluster;
using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Ownership;

/// <summary>A view that a test sets.</summary>
internal sealed class FakeMembership(Node self, params Node[] others) : IClusterMembership
{
    public event Action<ClusterView>? ViewChanged;

    public ClusterView View { get; set; } = Nodes.View([self, .. others]);

    public void Change(params IEnumerable<Node> nodes)
    {
        View = new ClusterView(View.Version + 1, 0, nodes);
        ViewChanged?.Invoke(View);
    }

    public Node Self => self;

    public event Action? StoreDoubted;

    public bool IsJoined { get; set; } = true;

    public NodeLease Lease { get; init; } = NodeLease.Unlimited;

    public string? Degradation => null;

    public bool HasMajority { get; set; } = true;

    public void DoubtStore() => StoreDoubted?.Invoke();

    public Task JoinAsync(Node self, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task AnnounceAsync(NodeState state, Uri? publicAddress, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task LeaveAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ClusterView> RefreshAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<bool> SuspectAsync(NodeTag tag, CancellationToken cancellationToken) => throw new NotSupportedException();
}
