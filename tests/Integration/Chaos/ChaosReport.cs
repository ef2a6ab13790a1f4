using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using StickySessions.Tests.Integration.Chaos.Checking;
using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos;

/// <summary>What a run has shown.</summary>
internal sealed class ChaosReport(ChaosOptions options, DirectoryInfo folder, History history, Verdict verdict)
{
    private const int MostViolationsShown = 5;

    public History History => history;

    public Verdict Verdict => verdict;

    public bool HasViolations => verdict.Violations.Count > 0;

    public DirectoryInfo Folder => folder;

    /// <summary>Writes the histories beside the logs of the nodes and the executions.</summary>
    public async Task KeepAsync()
    {
        await using var operations = new StreamWriter(Path.Combine(folder.FullName, "operations.jsonl"));
        foreach (var operation in history.Operations)
        {
            await operations.WriteLineAsync(JsonSerializer.Serialize(operation));
        }

        await using var faults = new StreamWriter(Path.Combine(folder.FullName, "faults.jsonl"));
        foreach (var fault in history.Faults)
        {
            await faults.WriteLineAsync(JsonSerializer.Serialize(fault));
        }

        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "report.txt"), ToString());
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        Line($"seed {options.Seed}, {options.Mode} mode, {(options.LoseData ? "all faults" : "all faults but loss of Redis' data")}, {options.Nodes} nodes, {options.Clients} clients, lease {options.Lease.TotalSeconds} s, {options.Duration.TotalMinutes:0.0} minutes{(options.Fence ? "" : ", WITHOUT the fence")}");
        Line($"operations: {history.Operations.Count}, acknowledged {history.Operations.Count(operation => operation.IsAcknowledged)}, indeterminate {history.Operations.Count(operation => !operation.IsAcknowledged)} ({Counted(history.Operations.Where(operation => !operation.IsAcknowledged).Select(operation => operation.Status is 0 or 200 ? Short(operation.Problem) : $"{operation.Status} {operation.Problem}"))})");
        Line($"executions: {history.Executions.Count}, forwarded {history.Arrivals.GroupBy(arrival => arrival.Id).Count(request => request.Count() > 1)}, stream events {history.StreamEvents.Count}");
        Line($"sessions: {history.Executions.Select(execution => execution.By.Session).Distinct().Count()}, failovers (changes of owner): {Failovers()}");
        Line($"faults: {history.Faults.Count} ({Counted(history.Faults.Select(fault => fault.Kind))})");
        Line($"longest unavailability of a session: {LongestUnavailability()}");
        Line($"epochs that went back or were given twice, not at the same time: {verdict.Forks.Count(fork => fork.Duration == TimeSpan.Zero)}{(options.IsStrict ? " (none allowed)" : "")}");
        Line($"forks: {verdict.Forks.Count(fork => fork.Duration > TimeSpan.Zero)}, longest {(verdict.Forks.Count == 0 ? 0 : verdict.Forks.Max(fork => fork.Duration.TotalSeconds)):0.000} s{(options.IsStrict ? " (none allowed)" : $" (bound {options.ForkBound.TotalSeconds} s)")}");
        if (options.Durability is { } durability)
        {
            var carts = history.Operations.Where(operation => operation is { Cart: not null, IsAcknowledged: true }).ToLookup(operation => operation.Cart!.Action);
            Line($"carts, stored {durability}{(options.ExpectedDurability is { } expected ? $", expected {expected}" : "")}: acknowledged were {carts[CartAction.Add].Count()} items added, {carts[CartAction.Remove].Count()} removed, {carts[CartAction.Read].Count()} times read, {carts[CartAction.End].Count()} sessions ended; items lost or back within what is allowed: {verdict.AllowedLosses.Count} ({Counted(verdict.AllowedLosses.Select(loss => loss.Rule == CartRules.Lost ? "lost" : "back"))})");
        }

        Line($"convergence: {(history.Convergence is { Converged: { } converged } found ? $"{Stopwatch.GetElapsedTime(found.Healed, converged).TotalSeconds:0.0} s after the last fault" : "NOT IN TIME")}");
        Line($"violations: {verdict.Violations.Count}{(HasViolations ? $" ({Counted(verdict.Violations.Select(violation => violation.Rule))})" : "")}");
        foreach (var violation in verdict.Violations.DistinctBy(violation => (violation.Rule, violation.Session)).Take(MostViolationsShown))
        {
            text.AppendLine().Append(new ViolationStory(history, violation, options.Lease));
        }

        return text.ToString();

        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
    }

    private static string Counted(IEnumerable<string> names)
        => string.Join(", ", names.CountBy(name => name).OrderByDescending(pair => pair.Value).Select(pair => $"{pair.Key}: {pair.Value}"));

    /// <summary>Without the addresses and ports that make each message another.</summary>
    private static string Short(string problem) => problem.Split(" (", 2)[0];

    private int Failovers() => history.Executions
        .GroupBy(execution => execution.By.Session)
        .Sum(session => session.Select(execution => execution.By.Epoch).Distinct().Count() - 1);

    /// <summary>From one acknowledged request of a session to the next, if one failed between them.</summary>
    private string LongestUnavailability()
    {
        var (longest, at, client) = (TimeSpan.Zero, 0L, 0);
        foreach (var session in history.Operations.Where(operation => operation.Client >= 0).GroupBy(operation => operation.Client))
        {
            var (last, failed) = (0L, false);
            foreach (var operation in session.OrderBy(operation => operation.Ended))
            {
                if (!operation.IsAcknowledged)
                {
                    failed = true;
                    continue;
                }

                if (failed && last > 0 && Stopwatch.GetElapsedTime(last, operation.Ended) is var gap && gap > longest)
                {
                    (longest, at, client) = (gap, last, operation.Client);
                }

                (last, failed) = (operation.Ended, false);
            }
        }

        return longest == TimeSpan.Zero
            ? "none"
            : string.Create(CultureInfo.InvariantCulture, $"{longest.TotalSeconds:0.0} s (client {client}, from {Stopwatch.GetElapsedTime(history.Origin, at).TotalSeconds:0.0} s on)");
    }
}
