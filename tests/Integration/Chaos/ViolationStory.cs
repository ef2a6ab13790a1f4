using System.Diagnostics;
using System.Globalization;
using System.Text;
using StickySessions.Tests.Integration.Chaos.Checking;
using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos;

/// <summary>The part of a history that shows a violation, in the order of time: what the session's requests did, and the faults around.</summary>
internal sealed class ViolationStory(History history, Violation violation, TimeSpan lease)
{
    private const int MostLines = 60;

    private readonly long _margin = (long)(lease.TotalSeconds * Stopwatch.Frequency);

    public override string ToString()
    {
        var requests = violation.Requests.ToHashSet();
        var shown = history.Operations.Where(operation => requests.Contains(operation.Id)).ToArray();
        var from = shown.Select(operation => operation.Began).Append(violation.At).Min() - (_margin / 2);
        var until = shown.Select(operation => operation.Ended).Append(violation.At).Max() + (_margin / 5);

        var lines = new List<(long At, bool Matters, string What)>();
        foreach (var fault in history.Faults.Where(fault => fault.Began <= until && fault.Ended >= from - (2 * _margin)))
        {
            lines.Add((fault.Began, true, $"FAULT begins: {fault.Kind}, {fault.Target}"));
            lines.Add((fault.Ended, true, $"FAULT healed: {fault.Kind}, {fault.Target}"));
        }

        foreach (var operation in history.Operations.Where(operation => requests.Contains(operation.Id) || (IsOfSession(operation) && operation.Ended >= from && operation.Began <= until)))
        {
            var matters = requests.Contains(operation.Id);
            lines.Add((operation.Began, matters, $"client {operation.Client} sends {operation.Id} to {operation.Ingress}, knowing {operation.Presented}{(operation.Cart is { } step ? $": {step}" : "")}"));
            lines.Add((operation.Ended, matters, operation.Answer is { } answer
                ? $"{operation.Id} is acknowledged by {answer.Describe()} ({answer.Tag}), counter {answer.Counter}{(operation.Cart?.Seen is { } seen ? $", cart: {string.Join(' ', seen)}" : "")}"
                : $"{operation.Id} is indeterminate: {operation.Status} {operation.Problem}"));
        }

        foreach (var execution in history.Executions.Where(execution => requests.Contains(execution.Id)))
        {
            lines.Add((execution.Began, true, $"{execution.By.Describe()} runs {execution.Id}{(execution.Ended is { } ended ? $" for {Stopwatch.GetElapsedTime(execution.Began, ended).TotalMilliseconds:0} ms" : " and never ends")}"));
        }

        var text = new StringBuilder().AppendLine(CultureInfo.InvariantCulture, $"VIOLATION of \"{violation.Rule}\", session {violation.Session}: {violation.What}");
        var order = lines.OrderByDescending(line => line.Matters).Take(MostLines).OrderBy(line => line.At);
        foreach (var (at, matters, what) in order)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  {(matters ? '*' : ' ')} {(at - history.Origin) / (double)Stopwatch.Frequency,9:0.000}  {what}");
        }

        return text.ToString();
    }

    private bool IsOfSession(Operation operation)
        => violation.Session.Length > 0
            && (operation.Answer?.Session == violation.Session || operation.Presented.StartsWith(violation.Session + "@", StringComparison.Ordinal));
}
