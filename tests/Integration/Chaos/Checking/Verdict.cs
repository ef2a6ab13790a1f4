using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Checking;

/// <summary>What a history says about the promises.</summary>
internal sealed record Verdict(IReadOnlyList<Violation> Violations, IReadOnlyList<Fork> Forks)
{
    public const string OneOwner = "one owner at a time";

    /// <param name="history">All that happened.</param>
    /// <param name="forkBound">How long a session may have two owners; zero: never.</param>
    public static Verdict Of(History history, TimeSpan forkBound)
    {
        Fork[] forks = [.. Checking.Forks.In(history)];
        return new Verdict(
            [
                .. forks.Where(fork => forkBound == TimeSpan.Zero || fork.Duration > forkBound).Select(fork => new Violation(
                    OneOwner,
                    fork.Session,
                    $"{fork.Stale} acknowledged requests though {fork.Owner} had begun; {fork.Duration.TotalMilliseconds:0} ms with two owners",
                    fork.Requests,
                    fork.At)),
                .. ExecutionRules.Check(history),
                .. ClusterRules.Check(history, forkBound),
            ],
            forks);
    }
}
