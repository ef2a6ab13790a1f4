using System.Diagnostics;
using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Checking;

/// <summary>A history that a test makes up, of one session. Times are in milliseconds.</summary>
public abstract class VerdictTestBase
{
    private readonly List<Operation> _operations = [];
    private readonly List<Execution> _executions = [];

    private protected List<Arrival> Arrivals { get; } = [];

    private protected List<StreamEvent> StreamEvents { get; } = [];

    private protected List<FaultRecord> Faults { get; } = [];

    private protected Convergence? Convergence { get; set; }

    protected void Acknowledged(string id, string process, int epoch, long counter, int at, int lasting = 1, int holding = 1, string tag = "1-a")
    {
        Executed(id, process, epoch, counter, at, lasting, holding, tag);
        Answered(id, process, epoch, counter, at - 1, at + lasting + 1, holding, tag);
    }

    protected void Executed(string id, string process, int epoch, long counter, int at, int lasting = 1, int holding = 1, string tag = "1-a")
        => _executions.Add(new Execution(id, new Answer("s", epoch, process, holding, tag, counter), Ticks(at), Ticks(at + lasting)));

    protected void Answered(string id, string process, int epoch, long counter, int at, int until, int holding = 1, string tag = "1-a")
        => _operations.Add(new Operation(id, 1, "a", Ticks(at), Ticks(until), 200, "", new Answer("s", epoch, process, holding, tag, counter), "-"));

    protected void Asked(string id, int at, int until, int status, string problem)
        => _operations.Add(new Operation(id, 1, "a", Ticks(at), Ticks(until), status, problem, null, "-"));

    private protected History History() => new()
    {
        Operations = _operations,
        Executions = _executions,
        Arrivals = Arrivals,
        StreamEvents = StreamEvents,
        Faults = Faults,
        Convergence = Convergence,
    };

    /// <summary>In a run in which there may never be two owners.</summary>
    protected void AssertFinds(params string[] rules)
        => Assert.Equal(rules, Verdict.Of(History(), forkBound: TimeSpan.Zero).Violations.Select(violation => violation.Rule));

    protected static long Ticks(int milliseconds) => milliseconds * Stopwatch.Frequency / 1000;
}
