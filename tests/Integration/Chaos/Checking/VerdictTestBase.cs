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

    /// <summary>A request that did something with the cart of a session, and was acknowledged.</summary>
    private protected void Shopped(
        string id, CartAction action, string item, string seen, int at, string session = "s", string process = "a#1", string presented = "-")
    {
        var by = new Answer(session, 1, process, 1, "1-a", _executions.Count + 1);
        var step = new CartStep(action, item, seen.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        _executions.Add(new Execution(id, by, Ticks(at), Ticks(at + 1)));
        _operations.Add(new Operation(id, 1, "a", Ticks(at - 1), Ticks(at + 2), 200, "", by, presented) { Cart = step });
    }

    /// <summary>A request that was to do something with the cart of a session, and has no answer.</summary>
    private protected void TriedToShop(string id, CartAction action, string item, int at, int? ranAt = null, string presented = "s@1")
    {
        if (ranAt is { } ran)
        {
            _executions.Add(new Execution(id, new Answer("s", 1, "a#1", 1, "1-a", _executions.Count + 1), Ticks(ran), null));
        }

        _operations.Add(new Operation(id, 1, "a", Ticks(at - 1), Ticks(at + 2), 502, "owner-lost", null, presented) { Cart = new CartStep(action, item, null) });
    }

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
