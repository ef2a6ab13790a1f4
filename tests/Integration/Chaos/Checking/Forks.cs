using System.Diagnostics;
using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Checking;

/// <summary>
/// Finds sessions with two owners. A request that was acknowledged had run to its end before any other process began to run one of the
/// session at a higher epoch; and at one epoch only one process has any acknowledged.
/// </summary>
internal static class Forks
{
    public static IEnumerable<Fork> In(History history)
    {
        var acknowledged = history.Operations.Where(operation => operation.IsAcknowledged).Select(operation => operation.Id).ToHashSet();
        return history.Executions
            .GroupBy(execution => execution.By.Session)
            .SelectMany(session => InSession(session, acknowledged));
    }

    private static IEnumerable<Fork> InSession(IGrouping<string, Execution> session, HashSet<string> acknowledged)
    {
        var reigns = session
            .GroupBy(execution => (execution.By.Epoch, execution.By.Process))
            .Select(reign => new Reign(reign.Key.Epoch, reign.Key.Process, [.. reign.OrderBy(execution => execution.Began)], acknowledged))
            .OrderBy(reign => reign.Epoch)
            .ThenBy(reign => reign.Began)
            .ToArray();
        for (var i = 0; i < reigns.Length; i++)
        {
            var stale = reigns[i];
            var others = reigns.Skip(i + 1).Where(other => other.Process != stale.Process).ToArray();
            if (others.Where(other => other.Epoch > stale.Epoch).MinBy(other => other.Began) is { } next && stale.AcknowledgedAfter(next.Began) is { Length: > 0 } late)
            {
                yield return Found(session.Key, stale, next, late);
            }

            if (others.FirstOrDefault(other => other.Epoch == stale.Epoch && other.Acknowledged.Length > 0) is { } twin && stale.Acknowledged.Length > 0)
            {
                yield return Found(session.Key, stale, twin, stale.AcknowledgedAfter(twin.Began));
            }
        }
    }

    private static Fork Found(string session, Reign stale, Reign owner, Execution[] late)
    {
        var shown = late.Length == 0 ? [stale.Acknowledged[^1]] : late;
        return new Fork(
            session,
            stale.ToString(),
            owner.ToString(),
            [owner.Executions[0].Id, shown[0].Id, shown[^1].Id],
            owner.Began,
            late.Length == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(owner.Began, late.Max(EndOf)));
    }

    private static long EndOf(Execution execution) => execution.Ended ?? execution.Began;

    /// <summary>What one process ran of a session at one epoch.</summary>
    private sealed record Reign(int Epoch, string Process, Execution[] Executions, HashSet<string> AcknowledgedIds)
    {
        public long Began => Executions[0].Began;

        public Execution[] Acknowledged { get; } = [.. Executions.Where(execution => AcknowledgedIds.Contains(execution.Id))];

        public Execution[] AcknowledgedAfter(long at) => [.. Acknowledged.Where(execution => EndOf(execution) > at)];

        public override string ToString() => $"{Process} @ {Epoch}";
    }
}
