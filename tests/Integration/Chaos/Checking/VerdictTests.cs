using System.Diagnostics;
using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Checking;

/// <summary>Each promise has a history that breaks it, which is found; and histories that look odd but break none.</summary>
public sealed class VerdictTests
{
    private readonly List<Operation> _operations = [];
    private readonly List<Execution> _executions = [];
    private readonly List<Arrival> _arrivals = [];
    private readonly List<StreamEvent> _streamEvents = [];
    private readonly List<FaultRecord> _faults = [];
    private Convergence? _convergence;

    [Fact]
    public void Of_OwnersOneAfterTheOther_FindsNothing()
    {
        Acknowledged("r1", "a#1", epoch: 1, counter: 1, at: 10);
        Acknowledged("r2", "a#1", epoch: 1, counter: 2, at: 20);
        Acknowledged("r3", "b#1", epoch: 2, counter: 1, at: 30);

        AssertFinds();
    }

    [Fact]
    public void Of_LowerEpochAcknowledgedAfterHigherOne_FindsTwoOwners()
    {
        Acknowledged("r1", "a#1", epoch: 1, counter: 1, at: 10);
        Acknowledged("r2", "b#1", epoch: 2, counter: 1, at: 20);
        Acknowledged("r3", "a#1", epoch: 1, counter: 2, at: 50);

        AssertFinds(Verdict.OneOwner);
    }

    [Fact]
    public void Of_RequestThatEndsAfterAnotherOwnerHasBegun_FindsTwoOwners()
    {
        // Asked before, run for long, and acknowledged: what it did to the memory is lost with the memory.
        Acknowledged("r1", "a#1", epoch: 1, counter: 1, at: 10, lasting: 100);
        Acknowledged("r2", "b#1", epoch: 2, counter: 1, at: 20);

        AssertFinds(Verdict.OneOwner);
    }

    [Fact]
    public void Of_OneEpochAcknowledgedByTwoNodes_FindsTwoOwners()
    {
        Acknowledged("r1", "a#1", epoch: 2, counter: 1, at: 10);
        Acknowledged("r2", "b#1", epoch: 2, counter: 1, at: 20);
        Acknowledged("r3", "a#1", epoch: 2, counter: 2, at: 30);

        AssertFinds(Verdict.OneOwner);
    }

    [Fact]
    public void Of_OneEpochHandedFromOneNodeToAnother_FindsTwoOwners()
    {
        // No request overlaps, and yet the second one cannot know that the first has stopped.
        Acknowledged("r1", "a#1", epoch: 2, counter: 1, at: 10);
        Acknowledged("r2", "b#1", epoch: 2, counter: 1, at: 20);

        AssertFinds(Verdict.OneOwner);
    }

    [Fact]
    public void Of_LateExecutionThatWasNotAcknowledged_FindsNothing()
    {
        Acknowledged("r1", "b#1", epoch: 2, counter: 1, at: 20);
        Executed("r2", "a#1", epoch: 1, counter: 2, at: 50);
        Asked("r2", at: 5, until: 60, status: 503, "lease-expired");

        AssertFinds();
    }

    [Fact]
    public void Of_LateAnswerOfAnEarlyExecution_FindsNothing()
    {
        Executed("r1", "a#1", epoch: 1, counter: 1, at: 10);
        Answered("r1", "a#1", epoch: 1, counter: 1, at: 9, until: 500);
        Acknowledged("r2", "b#1", epoch: 2, counter: 1, at: 20);

        AssertFinds();
    }

    [Fact]
    public void Of_TwoOwnersWithinTheBound_CountsAForkOfThatLength()
    {
        Acknowledged("r0", "a#1", epoch: 1, counter: 1, at: 500);
        Acknowledged("r1", "b#1", epoch: 2, counter: 1, at: 1_000);
        Acknowledged("r2", "a#1", epoch: 1, counter: 5, at: 4_000);

        var verdict = Verdict.Of(History(), forkBound: TimeSpan.FromSeconds(5));

        Assert.Empty(verdict.Violations);
        var fork = Assert.Single(verdict.Forks);
        Assert.InRange(fork.Duration, TimeSpan.FromSeconds(2.9), TimeSpan.FromSeconds(3.1));
    }

    [Fact]
    public void Of_TwoOwnersBeyondTheBound_FindsThem()
    {
        Acknowledged("r0", "a#1", epoch: 1, counter: 1, at: 500);
        Acknowledged("r1", "b#1", epoch: 2, counter: 1, at: 1_000);
        Acknowledged("r2", "a#1", epoch: 1, counter: 5, at: 9_000);

        Assert.Equal(Verdict.OneOwner, Assert.Single(Verdict.Of(History(), TimeSpan.FromSeconds(5)).Violations).Rule);
    }

    [Fact]
    public void Of_EpochThatWentBackWhenNobodyWasLeft_CountsItWithoutDuration()
    {
        // The records were lost and the owner was gone; the client that came next knew an old epoch only.
        Acknowledged("r1", "b#1", epoch: 5, counter: 1, at: 1_000);
        Acknowledged("r2", "a#1", epoch: 2, counter: 1, at: 50_000);
        Acknowledged("r3", "a#1", epoch: 2, counter: 2, at: 90_000);

        var verdict = Verdict.Of(History(), TimeSpan.FromSeconds(5));
        Assert.Empty(verdict.Violations);
        Assert.Equal(TimeSpan.Zero, Assert.Single(verdict.Forks).Duration);
        AssertFinds(Verdict.OneOwner);
    }

    [Fact]
    public void Of_EpochThatWentBackWhileItsOwnerWentOn_CountsAForkUntilOneOfThemStopped()
    {
        Acknowledged("r1", "b#1", epoch: 5, counter: 1, at: 1_000);
        Acknowledged("r2", "a#1", epoch: 2, counter: 1, at: 50_000);
        Acknowledged("r3", "b#1", epoch: 5, counter: 2, at: 53_000);
        Acknowledged("r4", "a#1", epoch: 2, counter: 2, at: 90_000);

        Assert.InRange(Assert.Single(Verdict.Of(History(), TimeSpan.FromSeconds(5)).Forks).Duration, TimeSpan.FromSeconds(2.9), TimeSpan.FromSeconds(3.1));
    }

    [Fact]
    public void Of_RequestRunTwice_FindsItThoughNobodyWasAnswered()
    {
        Executed("r1", "a#1", epoch: 1, counter: 1, at: 10);
        Executed("r1", "b#1", epoch: 2, counter: 1, at: 20);
        Asked("r1", at: 5, until: 30, status: 502, "owner-lost");

        AssertFinds(ExecutionRules.RanTwice);
    }

    [Theory]
    [InlineData("b#1", 1)]
    [InlineData("a#1", 2)]
    public void Of_AnswerThatNamesAnotherThanRanIt_FindsIt(string process, int epoch)
    {
        Executed("r1", "a#1", epoch: 1, counter: 1, at: 10);
        Answered("r1", process, epoch, counter: 1, at: 5, until: 20);

        AssertFinds(ExecutionRules.RanWhereItSays);
    }

    [Fact]
    public void Of_AnswerToWhatNobodyRan_FindsIt()
    {
        Answered("r1", "a#1", epoch: 1, counter: 1, at: 5, until: 20);

        AssertFinds(ExecutionRules.RanWhereItSays);
    }

    [Fact]
    public void Of_MemoryThatWentBack_FindsIt()
    {
        Acknowledged("r1", "a#1", epoch: 1, counter: 7, at: 10);
        Acknowledged("r2", "a#1", epoch: 1, counter: 3, at: 20);

        AssertFinds(ExecutionRules.Memory);
    }

    [Fact]
    public void Of_TwoRequestsThatSawOneState_FindsThem()
    {
        Acknowledged("r1", "a#1", epoch: 1, counter: 7, at: 10, lasting: 20);
        Acknowledged("r2", "a#1", epoch: 1, counter: 7, at: 15, lasting: 20);

        AssertFinds(ExecutionRules.Memory);
    }

    [Fact]
    public void Of_ConcurrentRequestsInAnyOrder_FindsNothing()
    {
        Acknowledged("r1", "a#1", epoch: 1, counter: 2, at: 10, lasting: 20);
        Acknowledged("r2", "a#1", epoch: 1, counter: 1, at: 15, lasting: 20);

        AssertFinds();
    }

    [Fact]
    public void Of_RequestThatWentFromNodeToNode_FindsIt()
    {
        _arrivals.AddRange(new[] { "a#1", "b#1", "c#1", "a#1", "b#1" }.Select((process, at) => new Arrival("r1", process, Ticks(at))));

        AssertFinds(ExecutionRules.Forwarding);
    }

    [Theory]
    [InlineData("pause", "a")]
    [InlineData("cut between nodes", "b and a, nothing passes")]
    public void Of_RequestThatWasNeverAnswered_FindsItUnlessItsNodeWasDisturbed(string fault, string target)
    {
        Asked("r1", at: 10, until: 12_000, status: 0, Operation.NoAnswerInTime);
        AssertFinds(ExecutionRules.Forwarding);

        _faults.Add(new FaultRecord("pause", "b", Ticks(5), Ticks(9_000)));
        AssertFinds(ExecutionRules.Forwarding);

        _faults.Add(new FaultRecord(fault, target, Ticks(5), Ticks(9_000)));
        AssertFinds();
    }

    [Fact]
    public void Of_StreamThatGoesOnUnderAnotherOwner_FindsIt()
    {
        var by = new Answer("s", 1, "a#1", "1-a", 1);
        _streamEvents.AddRange(Enumerable.Range(0, 60).Select(number => new StreamEvent("r1", by, Ticks(number * 200))));
        Acknowledged("r2", "b#1", epoch: 2, counter: 1, at: 10_000);
        AssertFinds();

        _streamEvents.AddRange(Enumerable.Range(60, 60).Select(number => new StreamEvent("r1", by, Ticks(number * 200))));
        AssertFinds(ClusterRules.StreamsEnd);
    }

    [Fact]
    public void Of_ClusterThatDidNotConverge_FindsIt()
    {
        _convergence = new Convergence(Ticks(1), null, ["views differ"]);

        AssertFinds(ClusterRules.Converges);
    }

    private void Acknowledged(string id, string process, int epoch, long counter, int at, int lasting = 1)
    {
        Executed(id, process, epoch, counter, at, lasting);
        Answered(id, process, epoch, counter, at - 1, at + lasting + 1);
    }

    private void Executed(string id, string process, int epoch, long counter, int at, int lasting = 1)
        => _executions.Add(new Execution(id, new Answer("s", epoch, process, "1-a", counter), Ticks(at), Ticks(at + lasting)));

    private void Answered(string id, string process, int epoch, long counter, int at, int until)
        => _operations.Add(new Operation(id, 1, "a", Ticks(at), Ticks(until), 200, "", new Answer("s", epoch, process, "1-a", counter), "-"));

    private void Asked(string id, int at, int until, int status, string problem)
        => _operations.Add(new Operation(id, 1, "a", Ticks(at), Ticks(until), status, problem, null, "-"));

    private History History() => new()
    {
        Operations = _operations,
        Executions = _executions,
        Arrivals = _arrivals,
        StreamEvents = _streamEvents,
        Faults = _faults,
        Convergence = _convergence,
    };

    private void AssertFinds(params string[] rules)
        => Assert.Equal(rules, Verdict.Of(History(), forkBound: TimeSpan.Zero).Violations.Select(violation => violation.Rule));

    private static long Ticks(int milliseconds) => milliseconds * Stopwatch.Frequency / 1000;
}
