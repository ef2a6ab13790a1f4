using System.Collections.Concurrent;

namespace StickySessions.Benchmarks.State;

/// <summary>What the nodes log of their drains, as it comes; of other warnings the first of each kind, and how many there were.</summary>
internal sealed class RollingLog
{
    private const int MostShown = 240;

    private readonly ConcurrentDictionary<string, int> _warnings = new(StringComparer.Ordinal);

    /// <param name="node">Who says so.</param>
    /// <param name="line">Level, category, number of the event and message, in one line.</param>
    public void Tell(string node, string line)
    {
        var kind = line.Split(']')[0];
        var isOfDrain = kind.Contains("DrainedSessions", StringComparison.Ordinal) || kind.Contains("NodeDrain", StringComparison.Ordinal);
        if (isOfDrain || (IsWarning(kind) && _warnings.AddOrUpdate(kind, 1, (_, count) => count + 1) == 1))
        {
            Console.WriteLine($"  {node}: {(line.Length > MostShown ? line[..MostShown] : line)}");
        }
    }

    public override string ToString()
        => string.Join(", ", _warnings.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Value} of {pair.Key}]").DefaultIfEmpty("none"));

    /// <summary>That a node which drains is not ready is meant to be.</summary>
    private static bool IsWarning(string kind)
        => (kind.StartsWith("warn", StringComparison.Ordinal) || kind.StartsWith("fail", StringComparison.Ordinal) || kind.StartsWith("crit", StringComparison.Ordinal))
            && !kind.Contains("HealthCheck", StringComparison.Ordinal);
}
