namespace StickySessions.Tests.Integration.Chaos.Checking;

/// <summary>Histories with two owners, which are found; and histories that look odd but have one at a time.</summary>
public sealed class VerdictTests : VerdictTestBase
{
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
    public void Of_EpochGivenOnceMoreToAProcessThatBeganAnew_CountsItWithoutDuration()
    {
        // The records were lost long after the first time. Its second memory is not the first one that went on.
        Acknowledged("r1", "a#1", epoch: 2, counter: 1, at: 30_000);
        Acknowledged("r2", "a#1", epoch: 2, counter: 2, at: 155_000);
        Acknowledged("r3", "b#1", epoch: 3, counter: 1, at: 159_000);
        Acknowledged("r4", "a#1", epoch: 2, counter: 1, at: 357_000, holding: 2);
        Acknowledged("r5", "c#1", epoch: 3, counter: 1, at: 358_000);

        var verdict = Verdict.Of(History(), TimeSpan.FromSeconds(5));
        Assert.Empty(verdict.Violations);
        Assert.NotEmpty(verdict.Forks);
        Assert.All(verdict.Forks, fork => Assert.Equal(TimeSpan.Zero, fork.Duration));
        Assert.Contains(Verdict.Of(History(), TimeSpan.Zero).Violations, violation => violation.Rule == Verdict.OneOwner);
    }

    [Fact]
    public void Of_OneMemoryServedAgainAfterAnotherOwner_FindsItWhateverTagItHas()
    {
        Acknowledged("r1", "a#1", epoch: 2, counter: 1, at: 30_000, tag: "1-a");
        Acknowledged("r2", "b#1", epoch: 3, counter: 1, at: 159_000);
        Acknowledged("r3", "a#1", epoch: 2, counter: 2, at: 357_000, tag: "9-a");

        var verdict = Verdict.Of(History(), TimeSpan.FromSeconds(5));

        Assert.Equal(Verdict.OneOwner, Assert.Single(verdict.Violations).Rule);
        Assert.InRange(Assert.Single(verdict.Forks).Duration, TimeSpan.FromSeconds(197.9), TimeSpan.FromSeconds(198.1));
    }

    [Fact]
    public void Of_SecondMemoryOfAProcessThatGoesOnBesideANewOwner_FindsTwoOwners()
    {
        Acknowledged("r1", "a#1", epoch: 2, counter: 1, at: 10);
        Acknowledged("r2", "a#1", epoch: 4, counter: 1, at: 20, holding: 2);
        Acknowledged("r3", "b#1", epoch: 5, counter: 1, at: 30);
        Acknowledged("r4", "a#1", epoch: 4, counter: 2, at: 40, holding: 2);

        AssertFinds(Verdict.OneOwner);
    }

    [Fact]
    public void Of_OneEpochAcknowledgedFromTwoMemoriesOfOneNode_FindsTwoOwners()
    {
        Acknowledged("r1", "a#1", epoch: 2, counter: 1, at: 10);
        Acknowledged("r2", "a#1", epoch: 2, counter: 1, at: 20, holding: 2);

        AssertFinds(Verdict.OneOwner);
    }

    [Fact]
    public void Of_MemoryThatAProcessLetGo_AcknowledgedBesideItsNextOne_FindsTwoOwners()
    {
        Acknowledged("r1", "a#1", epoch: 2, counter: 1, at: 10, lasting: 100);
        Acknowledged("r2", "a#1", epoch: 4, counter: 1, at: 20, holding: 2);

        AssertFinds(Verdict.OneOwner);
    }

    [Fact]
    public void Of_EpochRaisedForTheSameMemory_FindsNothing()
    {
        // What runs meanwhile is answered at the epoch at which it came.
        Acknowledged("r1", "a#1", epoch: 2, counter: 1, at: 10, lasting: 100);
        Acknowledged("r2", "a#1", epoch: 3, counter: 2, at: 20);

        AssertFinds();
    }
}
