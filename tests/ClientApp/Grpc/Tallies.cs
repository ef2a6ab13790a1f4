using System.Collections.Concurrent;

namespace StickySessions.Tests.ClientApp.Grpc;

/// <summary>All sums of this process, by session.</summary>
internal sealed class Tallies
{
    private readonly ConcurrentDictionary<string, RunningSum> _sums = new();

    public RunningSum Of(string session) => _sums.GetOrAdd(session, static _ => new RunningSum());
}

/// <summary>One session's sum, and the calls that wait in it.</summary>
internal sealed class RunningSum
{
    private int _value;
    private int _waiting;
    private int _abandoned;

    public Sum Add(int amount) => new()
    {
        Value = Interlocked.Add(ref _value, amount),
        Waiting = Volatile.Read(ref _waiting),
        Abandoned = Volatile.Read(ref _abandoned),
    };

    public void BeginWait() => Interlocked.Increment(ref _waiting);

    public void EndWait()
    {
        Interlocked.Decrement(ref _waiting);
        Interlocked.Increment(ref _abandoned);
    }
}
