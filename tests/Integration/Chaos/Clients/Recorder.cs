using System.Collections.Concurrent;
using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Clients;

/// <summary>What all clients have learnt. Safe for concurrent use.</summary>
internal sealed class Recorder
{
    private readonly ConcurrentQueue<Operation> _operations = new();
    private readonly ConcurrentQueue<StreamEvent> _streamEvents = new();
    private long _ids;

    public IReadOnlyList<Operation> Operations => [.. _operations];

    public IReadOnlyList<StreamEvent> StreamEvents => [.. _streamEvents];

    public string NextId() => $"r{Interlocked.Increment(ref _ids)}";

    public void Add(Operation operation) => _operations.Enqueue(operation);

    public void Add(StreamEvent streamEvent) => _streamEvents.Enqueue(streamEvent);
}
