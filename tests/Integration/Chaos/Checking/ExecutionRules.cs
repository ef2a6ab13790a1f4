using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Checking;

/// <summary>What holds of each single request, whatever fails.</summary>
internal static class ExecutionRules
{
    public const string RanTwice = "no request is run twice";
    public const string RanWhereItSays = "an acknowledged request was run once, by the one that the answer names";
    public const string Memory = "what is answered from one memory is one history of it";
    public const string Forwarding = "no request is forwarded on and on";

    /// <summary>From its client to a node, from there to the owner, and to two more if the first refused it.</summary>
    private const int MostArrivals = 4;

    public static IEnumerable<Violation> Check(History history)
    {
        var executions = history.Executions.ToLookup(execution => execution.Id);
        return [
            .. TwiceRun(executions),
            .. NotRunAsAnswered(history, executions),
            .. IncoherentMemory(history),
            .. ForwardedOnAndOn(history),
        ];
    }

    private static IEnumerable<Violation> TwiceRun(ILookup<string, Execution> executions)
        => executions.Where(request => request.Count() > 1).Select(request => new Violation(
            RanTwice,
            request.First().By.Session,
            $"{request.Key} was run by {string.Join(" and by ", request.Select(execution => execution.By.Describe()))}",
            [request.Key],
            request.Last().Began));

    private static IEnumerable<Violation> NotRunAsAnswered(History history, ILookup<string, Execution> executions)
        => history.Operations
            .Where(operation => operation.Answer is { } answer && !executions[operation.Id].Any(execution => execution.By == answer))
            .Select(operation => new Violation(
                RanWhereItSays,
                operation.Answer!.Session,
                $"{operation.Id} was answered by {operation.Answer.Describe()}, which has not run it",
                [operation.Id],
                operation.Ended));

    private static IEnumerable<Violation> IncoherentMemory(History history)
    {
        foreach (var owner in history.Executions.GroupBy(execution => (execution.By.Session, execution.By.Process, execution.By.Holding)))
        {
            foreach (var same in owner.GroupBy(execution => execution.By.Counter).Where(same => same.Count() > 1))
            {
                yield return new Violation(
                    Memory, owner.Key.Session, $"{same.First().By.Describe()} counted {same.Key} twice", [.. same.Select(execution => execution.Id)], same.Last().Began);
            }
        }

        foreach (var owner in history.Operations.Where(operation => operation.IsAcknowledged)
            .GroupBy(operation => (operation.Answer!.Session, operation.Answer.Process, operation.Answer.Holding)))
        {
            // In the order of their ends: whoever begins later than the end of one has seen it.
            var byEnd = owner.OrderBy(operation => operation.Ended).ToArray();
            var highest = new Operation?[byEnd.Length];
            for (var i = 0; i < byEnd.Length; i++)
            {
                highest[i] = i > 0 && highest[i - 1]!.Answer!.Counter > byEnd[i].Answer!.Counter ? highest[i - 1] : byEnd[i];
            }

            var ends = byEnd.Select(operation => operation.Ended).ToArray();
            foreach (var operation in byEnd)
            {
                var before = Array.BinarySearch(ends, operation.Began) is var found && found < 0 ? ~found - 1 : found - 1;
                if (before >= 0 && highest[before]!.Answer!.Counter >= operation.Answer!.Counter)
                {
                    yield return new Violation(
                        Memory,
                        owner.Key.Session,
                        $"{operation.Id} saw {operation.Answer.Counter} though {highest[before]!.Id} had seen {highest[before]!.Answer!.Counter} before",
                        [highest[before]!.Id, operation.Id],
                        operation.Ended);
                }
            }
        }
    }

    private static IEnumerable<Violation> ForwardedOnAndOn(History history)
    {
        foreach (var request in history.Arrivals.GroupBy(arrival => arrival.Id).Where(request => request.Count() > MostArrivals))
        {
            yield return new Violation(
                Forwarding, "", $"{request.Key} went to {string.Join(", ", request.OrderBy(arrival => arrival.At).Select(arrival => arrival.Process))}", [request.Key], request.Max(arrival => arrival.At));
        }

        foreach (var operation in history.Operations.Where(operation => operation.Problem == Operation.NoAnswerInTime && !WasDisturbed(operation)))
        {
            yield return new Violation(
                Forwarding, "", $"{operation.Id} had no answer from {operation.Ingress} though nothing had stopped that node", [operation.Id], operation.Ended);
        }

        bool WasDisturbed(Operation operation) => history.Faults.Any(fault =>
            fault.Targets.Contains(operation.Ingress) && fault.Began <= operation.Ended && fault.Ended >= operation.Began);
    }
}
