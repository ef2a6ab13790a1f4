using System.Collections.Concurrent;
using StickySessions.Cluster;
using StickySessions.Ownership;

namespace StickySessions.Tests.Unit.Ownership;

/// <summary>Peers whose answers a test sets; the others hold nothing.</summary>
internal sealed class FakePeers(string expectedKind = HoldsQuestion.Kind) : IPeerClient
{
    private readonly ConcurrentDictionary<Uri, Func<ReadOnlyMemory<byte>, CancellationToken, Task<PeerAnswer>>> _peers = new();
    private int _asked;

    public int Asked => _asked;

    public FakePeers Answers(Node node, HoldsStatus status, uint epoch)
        => Answers(node, new PeerAnswer(PeerAnswerStatus.Answered, new HoldsAnswer(status, epoch).ToBytes()));

    public FakePeers Answers(Node node, PeerAnswer answer) => Answers(node, (_, _) => Task.FromResult(answer));

    public FakePeers Answers(Node node, IPeerQuestionHandler handler) => Answers(
        node,
        async (question, cancellationToken) => new PeerAnswer(PeerAnswerStatus.Answered, await handler.AnswerAsync(question, cancellationToken)));

    /// <summary>The node accepts the question and never says anything.</summary>
    public FakePeers IsSilent(Node node) => Answers(
        node,
        (_, cancellationToken) => new TaskCompletionSource<PeerAnswer>().Task.WaitAsync(cancellationToken));

    public Task<PeerAnswer> AskAsync(Uri address, bool hasInterconnect, string kind, ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
    {
        Assert.Equal(expectedKind, kind);
        Interlocked.Increment(ref _asked);
        return _peers.TryGetValue(address, out var peer)
            ? peer(question, cancellationToken)
            : Task.FromResult(new PeerAnswer(PeerAnswerStatus.Answered, default(HoldsAnswer).ToBytes()));
    }

    public Task<bool> IsRefusedAsync(Uri address, CancellationToken cancellationToken) => throw new NotSupportedException();

    private FakePeers Answers(Node node, Func<ReadOnlyMemory<byte>, CancellationToken, Task<PeerAnswer>> answer)
    {
        _peers[node.Address] = answer;
        return this;
    }
}
