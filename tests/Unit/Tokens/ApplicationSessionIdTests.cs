using StickySessions.Tokens;

namespace StickySessions.Tests.Unit.Tokens;

public sealed class ApplicationSessionIdTests
{
    private static readonly ClusterKey Key = FixedKeys.Key("a secret of the cluster");

    [Fact]
    public void Derive_SameKeyPolicyAndValue_IsTheSameAtEachNode()
        => Assert.Equal(
            ApplicationSessionId.Derive(Key, "default", "abc"),
            ApplicationSessionId.Derive(FixedKeys.Key("a secret of the cluster"), "default", "abc"));

    [Theory]
    [InlineData("default", "abd")]
    [InlineData("default", "ABC")]
    [InlineData("default", "")]
    [InlineData("defaul", "tabc")]
    [InlineData("defaulta", "bc")]
    public void Derive_AnotherPolicyOrValue_IsAnotherSession(string policy, string value)
        => Assert.NotEqual(ApplicationSessionId.Derive(Key, "default", "abc"), ApplicationSessionId.Derive(Key, policy, value));

    [Fact]
    public void Derive_AnotherSecret_IsAnotherSession()
        => Assert.NotEqual(
            ApplicationSessionId.Derive(Key, "default", "abc"), ApplicationSessionId.Derive(FixedKeys.Key("another secret of the cluster"), "default", "abc"));

    [Fact]
    public void Derive_LongestToken_Works()
        => Assert.NotEqual(
            ApplicationSessionId.Derive(Key, "default", new string('ж', TokenText.MaxLength)),
            ApplicationSessionId.Derive(Key, "default", new string('ж', TokenText.MaxLength - 1)));

    [Fact]
    public void Names_ByAnyKeyOfTheRing()
    {
        var former = FixedKeys.Key("a former secret of the cluster");
        var session = ApplicationSessionId.Derive(former, "default", "abc");

        Assert.True(ApplicationSessionId.Names(new KeyRing(Key, former), "default", "abc", session));
        Assert.False(ApplicationSessionId.Names(new KeyRing(Key), "default", "abc", session));
        Assert.False(ApplicationSessionId.Names(new KeyRing(Key, former), "default", "abd", session));
    }
}
