using System.Collections.Concurrent;
using System.Diagnostics;
using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Faults;

/// <summary>What has gone wrong so far, also printed as it happens. Safe for concurrent use.</summary>
internal sealed class FaultLog(long origin, Action<string> print)
{
    private readonly ConcurrentQueue<FaultRecord> _records = new();

    public IReadOnlyList<FaultRecord> Records => [.. _records];

    /// <summary>Notes that a fault begins; disposing what is returned, that it is healed.</summary>
    public IDisposable Begin(string kind, string target)
    {
        var began = Stopwatch.GetTimestamp();
        print($"{Stopwatch.GetElapsedTime(origin, began).TotalSeconds,8:0.000}  {kind}: {target}");
        return new Running(this, kind, target, began);
    }

    private sealed class Running(FaultLog log, string kind, string target, long began) : IDisposable
    {
        public void Dispose() => log._records.Enqueue(new FaultRecord(kind, target, began, Stopwatch.GetTimestamp()));
    }
}
