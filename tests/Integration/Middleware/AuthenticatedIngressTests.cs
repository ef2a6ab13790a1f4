using Microsoft.AspNetCore.Builder;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Middleware;

/// <summary>
/// Authentication stands before <c>UseStickySessions</c>, where <c>WebApplication</c> puts it by itself, so both nodes authenticate a forwarded request.
/// </summary>
public sealed class AuthenticatedIngressTests(GarnetServerFixture redis)
{
    [Theory]
    [InlineData("/", false)]
    [InlineData("/sign-out", true)]
    public Task ForwardedRequest_OfASignInThatIsDue_AnswersWithWhatTheOwnerSaysOnly(string path, bool isDeleted)
        => SignInCluster.AssertOnlyTheOwnerSpeaksAsync(redis, path, isDeleted, before: app => app.UseAuthentication());
}
