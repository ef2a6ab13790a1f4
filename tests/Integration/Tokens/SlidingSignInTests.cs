using Microsoft.AspNetCore.Builder;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Middleware;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Tokens;

/// <summary>The source Claim authenticates at the ingress node what the owner authenticates again.</summary>
public sealed class SlidingSignInTests(GarnetServerFixture redis)
{
    [Theory]
    [InlineData("/", false)]
    [InlineData("/sign-out", true)]
    public Task ForwardedRequest_OfASignInThatIsDue_AnswersWithWhatTheOwnerSaysOnly(string path, bool isDeleted)
    {
        var chain = new TokenSourceChain([StickyTokenSourceOptions.Claim("sub")]);
        return SignInCluster.AssertOnlyTheOwnerSpeaksAsync(
            redis,
            path,
            isDeleted,
            before: app => app.Use(async (context, next) =>
            {
                await chain.ReadAsync(context);
                await next(context);
            }),
            after: app => app.UseAuthentication());
    }
}
