using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Checking;

/// <summary>What a history says about the promises.</summary>
internal sealed record Verdict(IReadOnlyList<Violation> Violations, IReadOnlyList<Fork> Forks, IReadOnlyList<Violation> AllowedLosses)
{
    public const string OneOwner = "one owner at a time";

    /// <param name="history">All that happened.</param>
    /// <param name="forkBound">How long a session may have two owners; zero: never.</param>
    /// <param name="carts">What is promised of carts; null if there are none.</param>
    public static Verdict Of(History history, TimeSpan forkBound, CartPromise? carts = null)
    {
        Fork[] forks = [.. Checking.Forks.In(history)];
        var ofCarts = (carts is null ? [] : CartRules.Check(history, carts)).ToLookup(finding => finding.IsAllowed, finding => finding.Violation);
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
                .. ofCarts[false],
            ],
            forks,
            [.. ofCarts[true]]);
    }
}
