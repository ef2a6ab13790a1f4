using StickySessions.Cluster;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Forwarding;

/// <summary>A membership whose view is what the test says.</summary>
internal sealed class ChangingView : IClusterMembership
{
    private volatile ClusterView _view = ClusterView.Empty;

    public event Action<ClusterView>? ViewChanged;

    public ClusterView View => _view;

    public Node Self => throw new NotSupportedException();

    public bool IsJoined => true;

    public string? Degradation => null;

    public void Change(params Node[] nodes)
    {
        _view = new ClusterView(_view.Version + 1, 0, nodes);
        ViewChanged?.Invoke(_view);
    }

    public Task JoinAsync(Node self, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task AnnounceAsync(NodeState state, Uri? publicAddress, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task LeaveAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ClusterView> RefreshAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<bool> SuspectAsync(NodeTag tag, CancellationToken cancellationToken) => throw new NotSupportedException();
}
