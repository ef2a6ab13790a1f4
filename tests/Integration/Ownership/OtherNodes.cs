using StickySessions.Cluster;
using StickySessions.Ownership;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Ownership;

/// <summary>This node and one peer, which answers the question whether it holds a session as the test says.</summary>
internal sealed class OtherNodes : IClusterMembership, IPeerClient
{
    public static readonly NodeTag Me = new(10, 1);
    public static readonly NodeTag Peer = new(11, 1);

    public event Action<ClusterView>? ViewChanged
    {
        add => throw new NotSupportedException();
        remove => throw new NotSupportedException();
    }

    /// <summary>Null: it does not answer.</summary>
    public PeerAnswer? Answer { get; set; } = Says(HoldsStatus.NotHeld, 0);

    /// <summary>How often this node has beaten.</summary>
    public int Refreshes { get; private set; }

    /// <summary>What the next beats bring.</summary>
    public Action WhenRefreshed { get; set; } = () => { };

    public NodeLease Lease { get; set; } = NodeLease.Unlimited;

    public int Asked { get; private set; }

    public ClusterView View { get; } = new(1, 11, [New(Me), New(Peer)]);

    public Node Self => View.Find(Me)!;

    public bool IsJoined => true;

    public string? Degradation => null;

    public static PeerAnswer Says(HoldsStatus status, uint epoch) => new(PeerAnswerStatus.Answered, new HoldsAnswer(status, epoch).ToBytes());

    public Task<PeerAnswer> AskAsync(Uri address, bool hasInterconnect, string kind, ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
    {
        Asked++;
        return Task.FromResult(Answer ?? new PeerAnswer(PeerAnswerStatus.NoAnswer, default));
    }

    public Task<bool> IsRefusedAsync(Uri address, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task JoinAsync(Node self, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task AnnounceAsync(NodeState state, Uri? publicAddress, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task LeaveAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ClusterView> RefreshAsync(CancellationToken cancellationToken)
    {
        Refreshes++;
        WhenRefreshed();
        return Task.FromResult(View);
    }

    public Task<bool> SuspectAsync(NodeTag tag, CancellationToken cancellationToken) => throw new NotSupportedException();

    private static Node New(NodeTag tag) => new()
    {
        Tag = tag,
        Name = $"web-{tag.Sequence}",
        Address = new Uri($"http://127.0.0.1:{tag.Sequence}"),
        State = NodeState.Active,
    };
}
