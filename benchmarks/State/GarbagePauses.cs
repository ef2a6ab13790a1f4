using System.Diagnostics.Tracing;
using System.Globalization;

namespace StickySessions.Benchmarks.State;

/// <summary>How long the garbage collector of this process has stopped it, pause by pause, as the runtime itself tells.</summary>
internal sealed class GarbagePauses : EventListener
{
    private const EventKeywords Collections = (EventKeywords)1;

    private readonly Lock _gate = new();
    private DateTime? _suspended; // guarded by _gate
    private PauseFigures _figures; // guarded by _gate

    /// <summary>Those since the last call.</summary>
    public PauseFigures Take()
    {
        var counts = Enumerable.Range(0, GC.MaxGeneration + 1).Select(GC.CollectionCount).ToArray();
        lock (_gate)
        {
            var taken = _figures with { Collections = counts[0] - _figures.Collections, Full = counts[GC.MaxGeneration] - _figures.Full };
            _figures = new PauseFigures(counts[0], counts[GC.MaxGeneration], 0, TimeSpan.Zero, TimeSpan.Zero);
            return taken;
        }
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "Microsoft-Windows-DotNETRuntime")
        {
            EnableEvents(eventSource, EventLevel.Informational, Collections);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        lock (_gate)
        {
            if (eventData.EventName?.StartsWith("GCSuspendEEBegin", StringComparison.Ordinal) == true)
            {
                _suspended = eventData.TimeStamp;
            }
            else if (eventData.EventName?.StartsWith("GCRestartEEEnd", StringComparison.Ordinal) == true && _suspended is { } since)
            {
                var pause = eventData.TimeStamp - since;
                _suspended = null;
                _figures = _figures with
                {
                    Pauses = _figures.Pauses + 1,
                    Total = _figures.Total + pause,
                    Longest = pause > _figures.Longest ? pause : _figures.Longest,
                };
            }
        }
    }
}

/// <param name="Collections">How many collections there were, of any generation.</param>
/// <param name="Full">How many of them were of the oldest one.</param>
/// <param name="Pauses">How often the process was stopped: a collection in the background does that more than once.</param>
/// <param name="Total">How long in all.</param>
/// <param name="Longest">How long at most.</param>
internal readonly record struct PauseFigures(int Collections, int Full, int Pauses, TimeSpan Total, TimeSpan Longest)
{
    public static PauseFigures Parse(string text)
    {
        var parts = text.Split(' ');
        int Number(int index) => int.Parse(parts[index], CultureInfo.InvariantCulture);
        return new PauseFigures(Number(0), Number(1), Number(2), new TimeSpan(long.Parse(parts[3], CultureInfo.InvariantCulture)), new TimeSpan(long.Parse(parts[4], CultureInfo.InvariantCulture)));
    }

    public string Describe() => string.Create(
        CultureInfo.InvariantCulture, $"{Collections} collections ({Full} full), {Pauses} pauses, {Total.TotalMilliseconds:0.0} ms in all, {Longest.TotalMilliseconds:0.0} ms at most");

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Collections} {Full} {Pauses} {Total.Ticks} {Longest.Ticks}");
}
