using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Checking;

/// <summary>What holds of the cluster after the last fault, and of streams that outlive their session's owner.</summary>
internal static class ClusterRules
{
    public const string Converges = "after the last fault all nodes agree and serve all sessions";
    public const string StreamsEnd = "a stream ends when its session has another owner";

    /// <summary>Written before the node could know: a frozen one writes one when it goes on.</summary>
    private const int MostStaleEvents = 15;

    public static IEnumerable<Violation> Check(History history)
    {
        var violations = StreamsThatGoOn(history);
        return history.Convergence is { Converged: null } never
            ? violations.Append(new Violation(Converges, "", $"not in time: {string.Join("; ", never.Missing)}", [], never.Healed))
            : violations;
    }

    private static IEnumerable<Violation> StreamsThatGoOn(History history)
    {
        var executions = history.Executions.ToLookup(execution => execution.By.Session);
        foreach (var stream in history.StreamEvents.GroupBy(written => written.Stream))
        {
            var by = stream.First().By;
            var next = executions[by.Session].Where(execution => execution.By.Epoch > by.Epoch && execution.By.Process != by.Process).MinBy(execution => execution.Began);
            if (next is not null && stream.Count(written => written.WrittenAt > next.Began) is > MostStaleEvents and var stale)
            {
                yield return new Violation(
                    StreamsEnd, by.Session, $"{stream.Key} got {stale} events of {by.Process} @ {by.Epoch} after {next.By.Process} @ {next.By.Epoch} had begun", [stream.Key, next.Id], stream.Max(written => written.WrittenAt));
            }
        }
    }
}
