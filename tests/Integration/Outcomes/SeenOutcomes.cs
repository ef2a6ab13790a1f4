using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Outcomes;

/// <summary>What one node counts: <c>forwarded</c>, <c>failed owner-gone</c>.</summary>
internal sealed class CountedOutcomes : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<string> _counted = new();

    public CountedOutcomes(IServiceProvider services)
    {
        var meters = services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "stickysessions.requests" && ReferenceEquals(instrument.Meter.Scope, meters))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, count, tags, _) =>
        {
            Assert.Equal(1, count);
            var (outcome, reason) = ("", "");
            foreach (var (tag, value) in tags)
            {
                (outcome, reason) = tag switch
                {
                    "outcome" => ($"{value}", reason),
                    "reason" => (outcome, $" {value}"),
                    _ => (outcome, reason),
                };
            }

            _counted.Enqueue(outcome + reason);
        });
        _listener.Start();
    }

    public string[] All => [.. _counted.Order(StringComparer.Ordinal)];

    public void Dispose() => _listener.Dispose();

    /// <summary>Waits until it has counted these and no other.</summary>
    public async Task UntilAsync(params string[] outcomes)
    {
        var expected = outcomes.Order(StringComparer.Ordinal).ToArray();
        await Eventually.Async(() => All.Length >= expected.Length, $"{string.Join(", ", expected)} are counted");
        Assert.Equal(string.Join(", ", expected), string.Join(", ", All));
    }
}

/// <summary>The activities of requests at nodes of these names, which no other test uses.</summary>
internal sealed class TaggedActivities : IDisposable
{
    private readonly ConcurrentQueue<IReadOnlyDictionary<string, object?>> _stopped = new();
    private readonly ActivityListener _listener;

    public TaggedActivities(IReadOnlyCollection<string> nodes)
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                var tags = activity.TagObjects.Where(tag => tag.Key.StartsWith("stickysessions.", StringComparison.Ordinal)).ToDictionary();
                if (tags.TryGetValue("stickysessions.ingress", out var ingress) && nodes.Contains(ingress))
                {
                    _stopped.Enqueue(tags);
                }
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();

    /// <summary>Waits for the activity of a request that ended so.</summary>
    public async Task<IReadOnlyDictionary<string, object?>> UntilAsync(string outcome)
    {
        IReadOnlyDictionary<string, object?>? found = null;
        await Eventually.Async(
            () => (found = _stopped.FirstOrDefault(tags => tags["stickysessions.outcome"] as string == outcome)) is not null,
            $"an activity says {outcome}");
        return found!;
    }
}

/// <summary>The scopes that one node opens for what it logs.</summary>
internal sealed class OpenedScopes : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<IReadOnlyDictionary<string, object?>> _opened = new();

    public IReadOnlyDictionary<string, object?>? Of(string outcome) => _opened.FirstOrDefault(scope => scope["StickyOutcome"] as string == outcome);

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
    {
        if (state is IEnumerable<KeyValuePair<string, object?>> values && values.Any(value => value.Key == "StickyOutcome"))
        {
            _opened.Enqueue(values.ToDictionary());
        }

        return null;
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
    }

    public void Dispose()
    {
    }
}
