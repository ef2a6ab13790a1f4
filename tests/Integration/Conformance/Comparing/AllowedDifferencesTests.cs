namespace StickySessions.Tests.Integration.Conformance.Comparing;

/// <summary>What the comparison lets pass, and what it must not.</summary>
public sealed class AllowedDifferencesTests
{
    [Fact]
    public void Exchanges_Equal_HaveNoDifferences()
        => Assert.Empty(Difference.Between(Side.Request, Headers(("X-A", ["1", "2"])), Headers(("X-A", ["1", "2"]))));

    [Theory]
    [InlineData(Transport.H2c, true)]
    [InlineData(Transport.Tls, true)]
    [InlineData(Transport.Http11, true)]
    [InlineData(Transport.Direct, false)]
    public void Case_OfHeaderName_MayDifferWhenForwarded(Transport transport, bool allowed)
        => AssertAllowed(allowed, transport, Side.Answer, Headers(("X-A", ["1"])), Headers(("x-a", ["1"])));

    [Fact]
    public void Case_OfHeaderValue_MayNotDiffer()
        => AssertAllowed(false, Transport.H2c, Side.Answer, Headers(("X-A", ["a"])), Headers(("x-a", ["A"])));

    [Theory]
    [InlineData(Side.Request, "1, 2", true)]
    [InlineData(Side.Request, "2, 1", false)]
    [InlineData(Side.Request, "1,2", false)]
    [InlineData(Side.Answer, "1, 2", false)]
    internal void RepeatedHeaders_Joined_OnlyInRequestsAndInOrder(Side side, string joined, bool allowed)
        => AssertAllowed(allowed, Transport.H2c, side, Headers(("X-A", ["1", "2"])), Headers(("X-A", [joined])));

    [Fact]
    public void HopByHopHeaders_Lost_AreAllowedWithThoseTheyName()
        => AssertAllowed(
            true, Transport.Http11, Side.Request, Headers(("Connection", ["X-Hop, close"]), ("X-Hop", ["1"]), ("TE", ["trailers"])), Headers());

    [Fact]
    public void HopByHopHeaders_GainedByAnswer_AreNotAllowed()
        => AssertAllowed(false, Transport.H2c, Side.Answer, Headers(), Headers(("Connection", ["close"])));

    [Theory]
    [InlineData("Upgrade")]
    [InlineData("X-End-To-End")]
    public void OtherHeaders_Lost_AreNotAllowed(string name)
        => AssertAllowed(false, Transport.H2c, Side.Answer, Headers(("Connection", ["X-Hop"]), (name, ["1"])), Headers(("Connection", ["X-Hop"])));

    private static void AssertAllowed(bool allowed, Transport transport, Side side, Fields direct, Fields forwarded)
    {
        var differences = Difference.Between(side, direct, forwarded).ToArray();
        Assert.NotEmpty(differences);
        Assert.Equal(allowed, differences.All(difference => AllowedDifferences.Cover(difference, transport)));
    }

    private static Fields Headers(params (string Name, string[] Values)[] headers)
    {
        var fields = new Fields();
        foreach (var (name, values) in headers)
        {
            fields.AddHeader(name, values);
        }

        return fields;
    }
}
