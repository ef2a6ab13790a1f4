using System.Diagnostics;
using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Checking;

/// <summary>
/// Finds sessions with two owners. A request that was acknowledged had run to its end before any other process began to run one of the
/// session at a higher epoch; and at one epoch only one process runs any.
/// </summary>
internal static class Forks
{
    public static IEnumerable<Fork> In(History history)
    {
        var acknowledged = history.Operations.Where(operation => operation.IsAcknowledged).ToLookup(operation => operation.Id);
        foreach (var session in history.Executions.GroupBy(execution => execution.By.Session))
        {
            var owners = session
                .GroupBy(execution => (execution.By.Epoch, execution.By.Process))
                .Select(owner => (owner.Key.Epoch, owner.Key.Process, First: owner.Min(execution => execution.Began), Executions: owner.ToArray()))
                .OrderBy(owner => owner.Epoch)
                .ThenBy(owner => owner.First)
                .ToArray();
            for (var i = 0; i < owners.Length; i++)
            {
                // The owner of a higher epoch that came first; or another one of the same epoch that came earlier.
                var stale = owners[i];
                var others = owners.Skip(i + 1).Where(other => other.Process != stale.Process).OrderBy(other => other.First).ToArray();
                if (others.Length == 0)
                {
                    continue;
                }

                var owner = others[0];
                var late = stale.Executions
                    .Where(execution => acknowledged.Contains(execution.Id) && (execution.Ended ?? execution.Began) > owner.First)
                    .OrderBy(execution => execution.Began)
                    .ToArray();
                if (late.Length > 0)
                {
                    var last = late.Max(execution => execution.Ended ?? execution.Began);
                    yield return new Fork(
                        session.Key,
                        $"{stale.Process} @ {stale.Epoch}",
                        $"{owner.Process} @ {owner.Epoch}",
                        [owner.Executions.MinBy(execution => execution.Began)!.Id, late[0].Id, late[^1].Id],
                        owner.First,
                        Stopwatch.GetElapsedTime(owner.First, last));
                }
            }
        }
    }
}
