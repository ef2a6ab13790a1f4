using System.Collections.Concurrent;

namespace StickySessions.Tests.ClientApp.Grpc;

/// <summary>All sums of this process, by session.</summary>
internal sealed class Tallies
{
    private readonly ConcurrentDictionary<string, RunningSum> _sums = new();

    public RunningSum Of(string session) => _sums.GetOrAdd(session, static _ => new RunningSum());
}

internal sealed class RunningSum
{
    private int _value;
    private int _abandoned;

    public Sum Add(int amount) => new() { Value = Interlocked.Add(ref _value, amount), Abandoned = Volatile.Read(ref _abandoned) };

    public void CountAbandoned() => Interlocked.Increment(ref _abandoned);
}
