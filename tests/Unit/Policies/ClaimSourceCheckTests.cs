using Microsoft.Extensions.DependencyInjection;

namespace StickySessions.Tests.Unit.Policies;

public sealed class ClaimSourceCheckTests
{
    private static readonly Dictionary<string, string?> ByClaim = new()
    {
        ["Policies:users:Method"] = "Hash",
        ["Policies:users:Sources:0:Kind"] = "Header",
        ["Policies:users:Sources:0:Name"] = "X-User",
        ["Policies:users:Sources:1:Kind"] = "Claim",
        ["Policies:users:Sources:1:Name"] = "sub",
    };

    [Fact]
    public void Problems_ClaimWithoutAuthentication_NamesSourceAndRemedy()
    {
        using var policies = new TestPolicies(ByClaim);

        Assert.Equal(
            ["StickySessions:Policies:users:Sources:1:Kind is Claim, but no services of authentication are registered, so no user has claims: call builder.Services.AddAuthentication(…), or choose another kind."],
            policies.Problems);
    }

    [Fact]
    public void Problems_ClaimWithAuthentication_AreNone()
    {
        using var policies = new TestPolicies(ByClaim, services => services.AddAuthentication());

        Assert.Empty(policies.Problems);
    }
}
