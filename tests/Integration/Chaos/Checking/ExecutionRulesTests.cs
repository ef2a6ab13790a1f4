using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Checking;

/// <summary>Each promise about single requests has a history that breaks it, which is found; and histories that look odd but break none.</summary>
public sealed class ExecutionRulesTests : VerdictTestBase
{
    [Fact]
    public void Of_RequestRunTwice_FindsItThoughNobodyWasAnswered()
    {
        Executed("r1", "a#1", epoch: 1, counter: 1, at: 10);
        Executed("r1", "b#1", epoch: 2, counter: 1, at: 20);
        Asked("r1", at: 5, until: 30, status: 502, "owner-lost");

        AssertFinds(ExecutionRules.RanTwice);
    }

    [Theory]
    [InlineData("b#1", 1, 1)]
    [InlineData("a#1", 2, 1)]
    [InlineData("a#1", 1, 2)]
    public void Of_AnswerThatNamesAnotherThanRanIt_FindsIt(string process, int epoch, int holding)
    {
        Executed("r1", "a#1", epoch: 1, counter: 1, at: 10);
        Answered("r1", process, epoch, counter: 1, at: 5, until: 20, holding);

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
    public void Of_MemoryThatWentBackWithItsNextEpoch_FindsIt()
    {
        Acknowledged("r1", "a#1", epoch: 1, counter: 7, at: 10);
        Acknowledged("r2", "a#1", epoch: 2, counter: 1, at: 20);

        AssertFinds(ExecutionRules.Memory);
    }

    [Fact]
    public void Of_MemoryThatBeganAnewAtALaterEpoch_FindsNothing()
    {
        Acknowledged("r1", "a#1", epoch: 1, counter: 7, at: 10);
        Acknowledged("r2", "a#1", epoch: 3, counter: 7, at: 20, holding: 2);
        Acknowledged("r3", "a#1", epoch: 3, counter: 8, at: 30, holding: 2);

        AssertFinds();
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
        Arrivals.AddRange(new[] { "a#1", "b#1", "c#1", "a#1", "b#1" }.Select((process, at) => new Arrival("r1", process, Ticks(at))));

        AssertFinds(ExecutionRules.Forwarding);
    }

    [Theory]
    [InlineData("pause", "a")]
    [InlineData("cut between nodes", "b and a, nothing passes")]
    public void Of_RequestThatWasNeverAnswered_FindsItUnlessItsNodeWasDisturbed(string fault, string target)
    {
        Asked("r1", at: 10, until: 12_000, status: 0, Operation.NoAnswerInTime);
        AssertFinds(ExecutionRules.Forwarding);

        Faults.Add(new FaultRecord("pause", "b", Ticks(5), Ticks(9_000)));
        AssertFinds(ExecutionRules.Forwarding);

        Faults.Add(new FaultRecord(fault, target, Ticks(5), Ticks(9_000)));
        AssertFinds();
    }
}
