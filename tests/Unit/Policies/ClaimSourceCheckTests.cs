using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

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

    [Theory]
    [InlineData(null)]
    [InlineData("Cookies")]
    [InlineData("Other")]
    public void Problems_ClaimWithASchemeThatExists_AreNone(string? scheme)
    {
        using var policies = new TestPolicies(By(scheme), services => services.AddAuthentication("Cookies").AddCookie("Cookies").AddCookie("Other"));

        Assert.Empty(policies.Problems);
    }

    [Fact]
    public void Problems_ClaimWithoutASchemeWhereThereIsOne_AreNone()
    {
        using var policies = new TestPolicies(ByClaim, services => services.AddAuthentication().AddCookie());

        Assert.Empty(policies.Problems);
    }

    [Fact]
    public void Problems_ClaimWithASchemeThatDoesNotExist_NamesSourceValueAndRemedy()
    {
        using var policies = new TestPolicies(By("Bearer"), services => services.AddAuthentication("Cookies").AddCookie("Cookies").AddCookie("Other"));

        Assert.Equal(
            ["StickySessions:Policies:users:Sources:1:AuthenticationScheme is \"Bearer\", but the application has no such authentication scheme: add it in builder.Services.AddAuthentication(…), or set the key to one of \"Cookies\", \"Other\"."],
            policies.Problems);
    }

    [Fact]
    public void Problems_ClaimWithoutASchemeAndNoDefault_NamesSourceAndRemedy()
    {
        using var none = new TestPolicies(ByClaim, services => services.AddAuthentication());
        using var two = new TestPolicies(ByClaim, services => services.AddAuthentication().AddCookie("a").AddCookie("b"));

        Assert.Equal(
            ["StickySessions:Policies:users:Sources:1:AuthenticationScheme is not set, and the application has no default authentication scheme: add one in builder.Services.AddAuthentication(…)."],
            none.Problems);
        Assert.EndsWith("add one in builder.Services.AddAuthentication(…), or set the key to one of \"a\", \"b\".", Assert.Single(two.Problems), StringComparison.Ordinal);
    }

    /// <summary>Whether it has the scheme is known only once it has asked somebody, as it may at each request.</summary>
    [Fact]
    public void Problems_SchemesThatAreAskedForElsewhere_AreNone()
    {
        using var policies = new TestPolicies(By("Bearer"), services => services.AddAuthentication().Services.AddSingleton<IAuthenticationSchemeProvider, RemoteSchemes>());

        Assert.Empty(policies.Problems);
    }

    private static Dictionary<string, string?> By(string? scheme) => new(ByClaim) { ["Policies:users:Sources:1:AuthenticationScheme"] = scheme };

    private sealed class RemoteSchemes(IOptions<AuthenticationOptions> options) : AuthenticationSchemeProvider(options)
    {
        public override async Task<AuthenticationScheme?> GetSchemeAsync(string name)
        {
            await new TaskCompletionSource().Task;
            return null;
        }
    }
}
