using System.Collections.Concurrent;
using StickySessions.Cluster;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>The interconnect of nodes that live in one process. An address where nobody listens refuses.</summary>
internal sealed class FakeNetwork
{
    private readonly ConcurrentDictionary<Uri, IPeerQuestionHandler> _listeners = new();
    private readonly ConcurrentDictionary<Uri, bool> _silent = new();
    private readonly ConcurrentDictionary<(string Node, Uri Address), bool> _pretences = new();
    private int _asked;

    public int Asked => _asked;

    public void Listen(Uri address, IClusterMembership membership) => _listeners[address] = new StatusQuestionHandler(membership);

    public void Close(Uri address) => _listeners.TryRemove(address, out _);

    /// <summary>As if the process were frozen: it accepts connections and never answers.</summary>
    public void Silence(Uri address) => _silent[address] = true;

    public void Unsilence(Uri address) => _silent.TryRemove(address, out _);

    /// <summary>One node alone believes that somebody still listens there.</summary>
    public void Pretend(string node, Uri address) => _pretences[(node, address)] = true;

    public IPeerClient ClientOf(string node) => new Client(this, node);

    private async Task<PeerAnswer> AskAsync(Uri address, ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _asked);
        if (!_listeners.TryGetValue(address, out var handler))
        {
            return new PeerAnswer(PeerAnswerStatus.Refused, default);
        }

        return _silent.ContainsKey(address)
            ? new PeerAnswer(PeerAnswerStatus.NoAnswer, default)
            : new PeerAnswer(PeerAnswerStatus.Answered, await handler.AnswerAsync(question, cancellationToken));
    }

    private bool IsRefused(string node, Uri address) => !_listeners.ContainsKey(address) && !_pretences.ContainsKey((node, address));

    private sealed class Client(FakeNetwork network, string node) : IPeerClient
    {
        public Task<PeerAnswer> AskAsync(
            Uri address, bool hasInterconnect, string kind, ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
            => network.AskAsync(address, question, cancellationToken);

        public Task<bool> IsRefusedAsync(Uri address, CancellationToken cancellationToken)
            => Task.FromResult(network.IsRefused(node, address));
    }
}
