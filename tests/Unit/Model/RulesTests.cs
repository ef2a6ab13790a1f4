using Xunit.Sdk;

namespace StickySessions.Tests.Unit.Model;

/// <summary>Each rule is needed: without it the model finds a history that breaks an invariant; with all of them it finds none.</summary>
public sealed class RulesTests(ITestOutputHelper output)
{
    private const int Seeds = 40_000;
    private const int Steps = 160;

    private static readonly Dictionary<string, Case> Cases = new()
    {
        [nameof(Rules.FenceOnEntry)] = Without(rules => rules with { FenceOnEntry = false }, new Budget { Pauses = 2 }),
        [nameof(Rules.FenceOnAnswer)] = Without(rules => rules with { FenceOnAnswer = false }, new Budget { Pauses = 2 }),
        [nameof(Rules.FenceFromSending)] = Without(rules => rules with { FenceFromSending = false }, new Budget { Pauses = 1, CutsFromRedis = 1 }).With(setup => setup with { SlowBeat = 3 }),
        [nameof(Rules.FenceShorterThanLease)] = Without(rules => rules with { FenceShorterThanLease = false }, new Budget { CutsFromRedis = 1, ClockJumps = 1 }),
        [nameof(Rules.LeaseIsOfOneTag)] = Without(rules => rules with { LeaseIsOfOneTag = false }, new Budget { Pauses = 2 }),
        [nameof(Rules.GivenAwayStaysAway)] = Without(rules => rules with { GivenAwayStaysAway = false }, new Budget { Pauses = 2, HandOffs = 1 }),
        [nameof(Rules.CompareAndSetOnClaim)] = Without(rules => rules with { CompareAndSetOnClaim = false }, new Budget { Pauses = 1 }),
        [nameof(Rules.EpochAboveToken)] = Without(rules => rules with { EpochAboveToken = false }, new Budget { Pauses = 1, Crashes = 2, Flushes = 1 }).With(TwoNodes),
        [nameof(Rules.RecordOnHandOff)] = Without(rules => rules with { RecordOnHandOff = false }, new Budget { Pauses = 1, HandOffs = 1 }),
        [nameof(Rules.UnknownIsNotGone)] = Without(rules => rules with { UnknownIsNotGone = false }, new Budget { Pauses = 2, Crashes = 1 }),
        [nameof(Rules.MissingIsNotGone)] = Without(rules => rules with { MissingIsNotGone = false }, new Budget { Pauses = 2, Flushes = 1 }).With(NobodyLooksAgain),
        [nameof(Rules.ExtendLeasesAfterOutage)] = Without(rules => rules with { ExtendLeasesAfterOutage = false }, new Budget { RedisStops = 1 }),
        [nameof(Rules.GiveUpQuestion)] = Without(rules => rules with { GiveUpQuestion = false }, new Budget { CutsFromRedis = 2, LostMessages = 4 }).With(setup => setup with { Mode = RedisLost.Availability }),
        [nameof(Rules.NeverSendTwice)] = Without(rules => rules with { NeverSendTwice = false }, new Budget { LostMessages = 2 }),
        [nameof(Rules.TryAgainTwice)] = Without(rules => rules with { TryAgainTwice = false }, new Budget { HandOffs = 12 }),
        [nameof(Rules.TombstoneBeforeAnswer)] = Without(rules => rules with { TombstoneBeforeAnswer = false }, new Budget { Pauses = 1, Ends = 1 }),
        [nameof(Rules.EndIsRemembered)] = Without(rules => rules with { EndIsRemembered = false }, new Budget { Pauses = 1, Ends = 1 }).With(setup => setup with { Requests = 4 }),
        [nameof(Rules.AskHoldersIfRecordIsMissing)] = Without(rules => rules with { AskHoldersIfRecordIsMissing = false }, new Budget { Pauses = 2, Flushes = 1 }).With(NobodyLooksAgain),
        [nameof(Rules.MergeViews)] = Without(rules => rules with { MergeViews = false }, new Budget { Pauses = 2, Flushes = 1 }).With(NobodyLooksAgain),
        [nameof(Rules.VerifyAfterReconnect)] = Without(rules => rules with { VerifyAfterReconnect = false }, new Budget { Pauses = 2, Flushes = 1 }).With(NobodyLooksAgain),
        [nameof(Rules.VerifyAgain)] = Without(rules => rules with { VerifyAgain = false }, new Budget { Failovers = 1, Flushes = 1, HandOffs = 2, LostMessages = 1 }).With(TwoNodes),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Model_WithoutOneRule_BreaksAnInvariant(string rule)
    {
        var setup = Cases[rule].Without;
        var found = Explorer.Walk(setup, Seeds, Steps);

        Assert.NotNull(found);
        var trace = Trace.Of(setup, found);
        output.WriteLine(trace);

        // The only rule about nodes that are well; no other test may pass because of it.
        Assert.Equal(rule == nameof(Rules.ExtendLeasesAfterOutage), trace.Contains("was declared gone", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Model_WithAllRules_BreaksNothing(string faultsOf)
    {
        var setup = Cases[faultsOf].Setup;

        if (Explorer.Walk(setup, 400, Steps) is { } found)
        {
            throw new XunitException(Trace.Of(setup, found));
        }
    }

    /// <summary>Looking again heals in time what these rules prevent.</summary>
    private static Setup NobodyLooksAgain(Setup setup) => setup with { Rules = setup.Rules with { VerifyAgain = false } };

    private static Setup TwoNodes(Setup setup) => setup with { Nodes = 2 };

    private static Case Without(Func<Rules, Rules> change, Budget faults) => new(new Setup { Faults = faults }, change);

    /// <param name="Setup">With all rules.</param>
    /// <param name="Change">Switches one off.</param>
    private sealed record Case(Setup Setup, Func<Rules, Rules> Change)
    {
        public Case With(Func<Setup, Setup> change) => this with { Setup = change(Setup) };

        public Setup Without => Setup with { Rules = Change(Setup.Rules) };
    }
}
