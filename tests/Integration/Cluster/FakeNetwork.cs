using System.Collections.Concurrent;
using StickySessions.Cluster;

namespace StickySessions.Tests.Integration.Cluster;

/// <summary>The interconnect of nodes that live in one process. An address where nobody listens refuses.</summary>
internal sealed class FakeNetwork : IPeerClient
{
    private readonly ConcurrentDictionary<Uri, IPeerQuestionHandler> _listeners = new();
    private readonly ConcurrentDictionary<Uri, bool> _silent = new();
    private int _asked;

    public int Asked => _asked;

    public void Listen(Uri address, IClusterMembership membership) => _listeners[address] = new StatusQuestionHandler(membership);

    public void Close(Uri address) => _listeners.TryRemove(address, out _);

    /// <summary>As if the process were frozen: it accepts connections and never answers.</summary>
    public void Silence(Uri address) => _silent[address] = true;

    public void Unsilence(Uri address) => _silent.TryRemove(address, out _);

    public async Task<PeerAnswer> AskAsync(
        Uri address, bool hasInterconnect, string kind, ReadOnlyMemory<byte> question, CancellationToken cancellationToken)
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

    public Task<bool> IsRefusedAsync(Uri address, CancellationToken cancellationToken)
        => Task.FromResult(!_listeners.ContainsKey(address));
}
