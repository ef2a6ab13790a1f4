using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Startup;

/// <summary>Adds up what one application counts; those beside it in the process count for themselves.</summary>
internal sealed class CountedMetrics : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<(string Instrument, string Tag, string Value), int> _counts = new();

    private readonly ConcurrentDictionary<string, int> _observed = new(StringComparer.Ordinal);

    public CountedMetrics(IServiceProvider services)
    {
        var meters = services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "StickySessions" && ReferenceEquals(instrument.Meter.Scope, meters))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>(Add);
        _listener.SetMeasurementEventCallback<int>((instrument, measurement, _, _) => _observed[instrument.Name] = measurement);
        _listener.Start();
    }

    /// <summary>The counts of one instrument: tag, its value, and how often; ordered.</summary>
    public IReadOnlyList<(string Tag, string Value, int Count)> Of(string instrument)
        => [.. _counts.Where(count => count.Key.Instrument == instrument).Select(count => (count.Key.Tag, count.Key.Value, count.Value)).Order()];

    /// <summary>A request is counted at its end, which may come after its answer.</summary>
    public Task UntilAsync(string instrument, params (string Tag, string Value, int Count)[] expected)
        => Eventually.Async(() => expected.All(Of(instrument).Contains), $"{instrument} counts {string.Join(", ", expected)}");

    /// <summary>What a gauge says now.</summary>
    public int Observe(string instrument)
    {
        _observed.Clear();
        _listener.RecordObservableInstruments();
        return _observed[instrument];
    }

    public void Dispose() => _listener.Dispose();

    private void Add(Instrument instrument, long measurement, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        foreach (var (tag, value) in tags)
        {
            _counts.AddOrUpdate((instrument.Name, tag, $"{value}"), (int)measurement, (_, before) => before + (int)measurement);
        }
    }
}
