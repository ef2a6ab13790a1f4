using StickySessions.Policies;
using StickySessions.Tests.Integration.Chaos.Histories;

namespace StickySessions.Tests.Integration.Chaos.Checking;

/// <summary>Each promise about carts has a history that breaks it, which is found; and histories that look odd but break none.</summary>
public sealed class CartRulesTests : VerdictTestBase
{
    [Fact]
    public void Of_CartThatIsFilledAndEmptied_FindsNothing()
    {
        Shopped("r1", CartAction.Add, "r1", "r1", at: 10);
        Shopped("r2", CartAction.Add, "r2", "r1 r2", at: 20);
        Shopped("r3", CartAction.Remove, "r1", "r2", at: 30, process: "b#1");
        Shopped("r4", CartAction.Read, "", "r2", at: 40, process: "b#1");

        AssertFindsInCarts();
    }

    [Fact]
    public void Of_AddedItemThatIsNotThereLater_FindsIt()
    {
        Shopped("r1", CartAction.Add, "r1", "r1", at: 10);
        Shopped("r2", CartAction.Read, "", "", at: 20);

        AssertFindsInCarts(CartRules.Lost);
    }

    [Fact]
    public void Of_AddThatDoesNotSeeItsItem_FindsIt()
    {
        Shopped("r1", CartAction.Add, "r1", "", at: 10);

        AssertFindsInCarts(CartRules.Lost);
    }

    [Fact]
    public void Of_ItemWhoseAddIsIndeterminate_FindsItOnlyWhereItVanishesAgain()
    {
        TriedToShop("r1", CartAction.Add, "r1", at: 10, ranAt: 35);
        Shopped("r2", CartAction.Read, "", "", at: 20);
        Shopped("r3", CartAction.Read, "", "", at: 30);
        Shopped("r4", CartAction.Read, "", "r1", at: 40);
        AssertFindsInCarts();

        Shopped("r5", CartAction.Read, "", "", at: 50);
        AssertFindsInCarts(CartRules.Lost);
    }

    [Fact]
    public void Of_ReadsAtTheSameTimeAsAnAdd_FindsNothing()
    {
        Shopped("r1", CartAction.Add, "r1", "r1", at: 10);
        Shopped("r2", CartAction.Read, "", "", at: 11);

        AssertFindsInCarts();
    }

    [Fact]
    public void Of_RemovedItemThatIsBack_FindsIt()
    {
        Shopped("r1", CartAction.Add, "r1", "r1", at: 10);
        Shopped("r2", CartAction.Remove, "r1", "", at: 20);
        Shopped("r3", CartAction.Read, "", "r1", at: 30);

        AssertFindsInCarts(CartRules.Back);
    }

    [Fact]
    public void Of_RemoveThatStillSeesItsItem_FindsIt()
    {
        Shopped("r1", CartAction.Add, "r1", "r1", at: 10);
        Shopped("r2", CartAction.Remove, "r1", "r1", at: 20);

        AssertFindsInCarts(CartRules.Back);
    }

    [Fact]
    public void Of_ItemWhoseRemoveIsIndeterminate_FindsItOnlyWhereItComesBack()
    {
        Shopped("r1", CartAction.Add, "r1", "r1", at: 10);
        TriedToShop("r2", CartAction.Remove, "r1", at: 20, ranAt: 35);
        Shopped("r3", CartAction.Read, "", "r1", at: 30);
        Shopped("r4", CartAction.Read, "", "", at: 40);
        AssertFindsInCarts();

        Shopped("r5", CartAction.Read, "", "r1", at: 50);
        AssertFindsInCarts(CartRules.Back);
    }

    [Fact]
    public void Of_ItemThatIsThereTwice_FindsIt()
    {
        Shopped("r1", CartAction.Add, "r1", "r1", at: 10);
        Shopped("r2", CartAction.Read, "", "r1 r1", at: 20);

        AssertFindsInCarts(CartRules.Doubled);
    }

    [Fact]
    public void Of_ItemOfAnotherSession_FindsIt()
    {
        Shopped("r1", CartAction.Add, "r1", "r1", at: 10, session: "t");
        Shopped("r2", CartAction.Read, "", "r1", at: 20);

        AssertFindsInCarts(CartRules.Foreign);
    }

    [Fact]
    public void Of_EndedSessionThatIsServedAgain_FindsIt()
    {
        Shopped("r1", CartAction.Add, "r1", "r1", at: 10);
        Shopped("r2", CartAction.End, "", "r1", at: 20, presented: "s@1");
        Shopped("r3", CartAction.Read, "", "", at: 30, session: "t", presented: "s@1");
        AssertFindsInCarts();

        Shopped("r4", CartAction.Read, "", "r1", at: 40, presented: "s@1");
        AssertFindsInCarts(CartRules.Ended);
    }

    [Fact]
    public void Of_SessionWhoseEndIsIndeterminate_FindsItOnlyWhereItComesBack()
    {
        TriedToShop("r1", CartAction.End, "", at: 10);
        Shopped("r2", CartAction.Read, "", "", at: 20, presented: "s@1");
        Shopped("r3", CartAction.Read, "", "", at: 30, session: "t", presented: "s@1");
        AssertFindsInCarts();

        Shopped("r4", CartAction.Read, "", "", at: 40, presented: "s@1");
        AssertFindsInCarts(CartRules.Ended);
    }

    [Fact]
    public void Of_AnotherSessionInPlaceOfOneThatNobodyEnded_FindsIt()
    {
        Shopped("r1", CartAction.Read, "", "", at: 10, session: "t", presented: "s@1");

        AssertFindsInCarts(CartRules.Replaced);
    }

    [Theory]
    [InlineData(SessionDurability.None, "kill", "b", 9_000, true)]
    [InlineData(SessionDurability.Async, "kill", "a", 1_900, true)]
    [InlineData(SessionDurability.Async, "redis pause", "redis", 1_900, true)]
    [InlineData(SessionDurability.Async, "isolated", "a, nothing passes", 1_900, true)]
    [InlineData(SessionDurability.Async, "kill", "a", 2_100, false)]
    [InlineData(SessionDurability.Async, "kill", "b", 1_900, false)]
    [InlineData(SessionDurability.Async, "drain", "a", 1_900, false)]
    [InlineData(SessionDurability.BeforeResponse, "kill", "a", 1_900, false)]
    public void Of_ChangesThatAreLostWithTheirOwner_AllowsThemWithinTheLagOnly(
        SessionDurability durability, string fault, string target, int after, bool isAllowed)
    {
        Shopped("r0", CartAction.Add, "r0", "r0", at: 1_000 - 100_000);
        Shopped("r1", CartAction.Remove, "r0", "", at: 1_000);
        Shopped("r2", CartAction.Add, "r2", "r2", at: 1_000);
        Faults.Add(new FaultRecord(fault, target, Ticks(1_000 + after), Ticks(20_000)));
        Shopped("r3", CartAction.Read, "", "r0", at: 30_000, process: "b#1");

        var verdict = Verdict.Of(History(), TimeSpan.Zero, new CartPromise(durability, TimeSpan.FromSeconds(2), Recovery: TimeSpan.FromSeconds(5)));

        string[] rules = [CartRules.Back, CartRules.Lost];
        Assert.Equal(isAllowed ? [] : rules, CartFindings(verdict.Violations).Order(StringComparer.Ordinal));
        Assert.Equal(isAllowed ? rules : [], CartFindings(verdict.AllowedLosses).Order(StringComparer.Ordinal));
    }

    private void AssertFindsInCarts(params string[] rules)
        => Assert.Equal(rules, CartFindings(Verdict.Of(History(), TimeSpan.Zero, new CartPromise(SessionDurability.BeforeResponse, TimeSpan.Zero, TimeSpan.Zero)).Violations));

    /// <summary>Of carts only: who owned the session is told by other tests.</summary>
    private static IEnumerable<string> CartFindings(IEnumerable<Violation> violations)
        => violations.Select(violation => violation.Rule).Where(rule => rule
            is CartRules.Lost or CartRules.Back or CartRules.Doubled or CartRules.Foreign or CartRules.Ended or CartRules.Replaced);
}
