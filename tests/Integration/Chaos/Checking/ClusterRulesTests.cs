using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Checking;

/// <summary>Streams that outlive their session's owner, and a cluster that does not find itself again.</summary>
public sealed class ClusterRulesTests : VerdictTestBase
{
    private const int StreamInterval = 200;

    private readonly TimeSpan _bound = TimeSpan.FromSeconds(10);

    [Fact]
    public void Of_StreamThatGoesOnUnderAnotherOwner_FindsIt()
    {
        Streamed("r1", "a#1", epoch: 1, from: 0, until: 12_000);
        Acknowledged("r2", "b#1", epoch: 2, counter: 1, at: 10_000);
        AssertFinds();

        Streamed("r1", "a#1", epoch: 1, from: 12_000, until: 24_000);
        AssertFinds(ClusterRules.StreamsEnd);
    }

    [Fact]
    public void Of_StreamThatGoesOnFromAMemoryThatItsProcessLetGo_FindsIt()
    {
        Streamed("r1", "a#1", epoch: 1, from: 0, until: 24_000);
        Acknowledged("r2", "a#1", epoch: 3, counter: 1, at: 10_000, holding: 2);

        AssertFinds(ClusterRules.StreamsEnd);
    }

    [Fact]
    public void Of_StreamBesideANewOwner_FindsItBeyondTheBoundOnly()
    {
        Streamed("r1", "a#1", epoch: 1, from: 0, until: 19_000);
        Acknowledged("r2", "b#1", epoch: 2, counter: 1, at: 10_000);
        Assert.Empty(Verdict.Of(History(), _bound).Violations);
        AssertFinds(ClusterRules.StreamsEnd);

        Streamed("r1", "a#1", epoch: 1, from: 19_000, until: 24_000);
        Assert.Equal(ClusterRules.StreamsEnd, Assert.Single(Verdict.Of(History(), _bound).Violations).Rule);
    }

    [Fact]
    public void Of_StreamAtAnEpochThatWentBack_FindsItOnlyIfTheOtherOwnerGoesOn()
    {
        // The records were lost, and nobody was left who knew the higher epoch.
        Acknowledged("r1", "b#1", epoch: 5, counter: 1, at: 1_000);
        Executed("r2", "a#1", epoch: 2, counter: 1, at: 50_000);
        Streamed("r2", "a#1", epoch: 2, from: 50_000, until: 80_000);
        Assert.Empty(Verdict.Of(History(), _bound).Violations);
        AssertFinds(ClusterRules.StreamsEnd);

        Acknowledged("r3", "b#1", epoch: 5, counter: 2, at: 55_000);
        Assert.Equal(ClusterRules.StreamsEnd, Assert.Single(Verdict.Of(History(), _bound).Violations).Rule);
    }

    [Fact]
    public void Of_ClusterThatDidNotConverge_FindsIt()
    {
        Convergence = new Convergence(Ticks(1), null, ["views differ"]);

        AssertFinds(ClusterRules.Converges);
    }

    private void Streamed(string id, string process, int epoch, int from, int until)
    {
        for (var at = from; at < until; at += StreamInterval)
        {
            StreamEvents.Add(new StreamEvent(id, new Answer("s", epoch, process, Holding: 1, "1-a", 1), Ticks(at)));
        }
    }
}
