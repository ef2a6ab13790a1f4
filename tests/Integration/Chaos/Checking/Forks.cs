using System.Diagnostics;
using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Checking;

/// <summary>
/// Finds sessions with two owners. A request that was acknowledged had run to its end before one began to run from another memory at a
/// higher epoch; and one epoch is acknowledged from one memory only.
/// </summary>
internal static class Forks
{
    /// <returns>For each owner that was not the only one, the longest fork that it was the stale side of.</returns>
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
            .GroupBy(execution => (execution.By.Epoch, execution.By.Process, execution.By.Holding))
            .Select(reign => new Reign([.. reign.OrderBy(execution => execution.Began)], acknowledged))
            .OrderBy(reign => reign.Epoch)
            .ThenBy(reign => reign.Began)
            .ToArray();
        return reigns
            .Select((stale, i) => reigns.Skip(i + 1)
                .Where(other => !other.By.IsOfSameMemory(stale.By))
                .Select(owner => Between(session.Key, stale, owner))
                .OfType<Fork>()
                .MaxBy(fork => fork.Duration))
            .OfType<Fork>();
    }

    /// <param name="session">The session.</param>
    /// <param name="stale">An owner of it.</param>
    /// <param name="owner">One at a higher epoch, or one that came later at the same.</param>
    private static Fork? Between(string session, Reign stale, Reign owner)
    {
        var late = stale.AcknowledgedAfter(owner.Began);
        if (late.Length == 0)
        {
            return stale.Epoch == owner.Epoch && stale.Acknowledged.Length > 0 && owner.Acknowledged.Length > 0
                ? new Fork(session, stale.ToString(), owner.ToString(), [stale.Acknowledged[^1].Id, owner.Executions[0].Id], owner.Began, TimeSpan.Zero)
                : null;
        }

        // A stale owner that goes on is one of two until it stops. One that came later, since the records of the session were lost, is
        // one of two only while the earlier one goes on as well; otherwise the epoch went back, and no more.
        var (from, until) = stale.Began < owner.Began
            ? (owner.Began, late.Max(EndOf))
            : (stale.Began, Math.Min(late.Max(EndOf), owner.AcknowledgedAfter(stale.Began).Select(EndOf).DefaultIfEmpty(stale.Began).Max()));
        return new Fork(
            session, stale.ToString(), owner.ToString(), [owner.Executions[0].Id, late[0].Id, late[^1].Id], from, Stopwatch.GetElapsedTime(from, until));
    }

    private static long EndOf(Execution execution) => execution.Ended ?? execution.Began;

    /// <summary>
    /// What one process ran of a session at one epoch, for as long as it had the session in its memory without a break. Epoch and process alone
    /// do not tell reigns apart: once Redis has lost its data, a process may be given an epoch that it had minutes before, and begins anew. Nor
    /// may the tag or the nonce of the claim divide a reign: a memory that another one has replaced is no newer for being served under a new
    /// tag, and a node makes its claim once more where Redis has forgotten it.
    /// </summary>
    private sealed record Reign(Execution[] Executions, HashSet<string> AcknowledgedIds)
    {
        public Answer By => Executions[0].By;

        public int Epoch => By.Epoch;

        public long Began => Executions[0].Began;

        public Execution[] Acknowledged { get; } = [.. Executions.Where(execution => AcknowledgedIds.Contains(execution.Id))];

        public Execution[] AcknowledgedAfter(long at) => [.. Acknowledged.Where(execution => EndOf(execution) > at)];

        public override string ToString() => By.Describe();
    }
}
