using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StickySessions.Cluster;
using StickySessions.Diagnostics;

namespace StickySessions.Tests.Unit.Middleware;

/// <summary>The journeys of requests at <c>web-1</c>.</summary>
internal static class TestJourneys
{
    public static RequestJourneys Create(StickyMetrics metrics, StickyDiagnosticsOptions? options = null, ILoggerFactory? loggers = null)
        => new(
            metrics,
            new OutcomeLogScopes(loggers ?? NullLoggerFactory.Instance),
            new Settings(options ?? new StickyDiagnosticsOptions()),
            Options.Create(new StickyNodeOptions { Name = "web-1" }));

    private sealed class Settings(StickyDiagnosticsOptions options) : IOptionsMonitor<StickyDiagnosticsOptions>
    {
        public StickyDiagnosticsOptions CurrentValue => options;

        public StickyDiagnosticsOptions Get(string? name) => options;

        public IDisposable? OnChange(Action<StickyDiagnosticsOptions, string?> listener) => null;
    }
}
