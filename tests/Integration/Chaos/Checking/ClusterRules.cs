using System.Diagnostics;
using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Checking;

/// <summary>What holds of the cluster after the last fault, and of streams that outlive their session's owner.</summary>
internal static class ClusterRules
{
    public const string Converges = "after the last fault all nodes agree and serve all sessions";
    public const string StreamsEnd = "a stream ends when its session has another owner";

    /// <summary>Written before the node could know: a frozen one writes one when it goes on.</summary>
    private const int MostStaleEvents = 15;

    /// <param name="history">All that happened.</param>
    /// <param name="forkBound">How long a session may have two owners; zero: never.</param>
    public static IEnumerable<Violation> Check(History history, TimeSpan forkBound)
    {
        var violations = StreamsThatGoOn(history, forkBound);
        return history.Convergence is { Converged: null } never
            ? violations.Append(new Violation(Converges, "", $"not in time: {string.Join("; ", never.Missing)}", [], never.Healed))
            : violations;
    }

    /// <summary>An owner that may serve on beside a new one may let its streams go on as long.</summary>
    private static IEnumerable<Violation> StreamsThatGoOn(History history, TimeSpan forkBound)
    {
        var mayGoOn = (long)(forkBound.TotalSeconds * Stopwatch.Frequency);
        var executions = history.Executions.ToLookup(execution => execution.By.Session);
        foreach (var stream in history.StreamEvents.GroupBy(written => written.Stream))
        {
            var by = stream.First().By;
            var next = FirstNewer(executions[by.Session], by, mayHaveGoneBack: forkBound > TimeSpan.Zero);
            if (next is not null && stream.Count(written => written.WrittenAt > next.Began + mayGoOn) is > MostStaleEvents and var stale)
            {
                yield return new Violation(
                    StreamsEnd,
                    by.Session,
                    $"{stream.Key} got {stale} events of {by.Describe()} {(forkBound > TimeSpan.Zero ? $"more than {forkBound.TotalSeconds} s " : "")}after {next.By.Describe()} had begun",
                    [stream.Key, next.Id],
                    stream.Max(written => written.WrittenAt));
            }
        }
    }

    /// <summary>The first that ran from another memory at a higher epoch.</summary>
    /// <param name="session">All that ran for the session.</param>
    /// <param name="by">An owner of it.</param>
    /// <param name="mayHaveGoneBack">
    /// Whether Redis may have lost the higher epoch before this owner came: then only what runs at one from then on is newer.
    /// </param>
    private static Execution? FirstNewer(IEnumerable<Execution> session, Answer by, bool mayHaveGoneBack)
    {
        var reignBegan = mayHaveGoneBack
            ? session.Where(execution => execution.By.Epoch == by.Epoch && execution.By.IsOfSameMemory(by)).Select(execution => execution.Began).DefaultIfEmpty(0).Min()
            : 0;
        return session.Where(execution => execution.By.Epoch > by.Epoch && !execution.By.IsOfSameMemory(by) && execution.Began > reignBegan).MinBy(execution => execution.Began);
    }
}
