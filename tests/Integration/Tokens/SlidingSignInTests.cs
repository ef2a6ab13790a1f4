using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tokens;

namespace StickySessions.Tests.Integration.Tokens;

/// <summary>
/// The source Claim authenticates at the ingress node what the owner authenticates again. The sign-in's cookie slides, and is due: only
/// the owner may renew it, and nobody after it has signed the user out.
/// </summary>
public sealed class SlidingSignInTests(GarnetServerFixture redis)
{
    private const string Scheme = "sign-in";
    private const string CookieName = $".AspNetCore.{Scheme}";

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData("/", false)]
    [InlineData("/sign-out", true)]
    public async Task ForwardedRequest_OfASignInThatIsDue_AnswersWithWhatTheOwnerSaysOnly(string path, bool isDeleted)
    {
        await using var cluster = await StartAsync();
        var session = await cluster[1].StartSessionAsync();
        using var signIn = await GetAsync(cluster[1], "/sign-in", session);
        var ticket = Assert.Single(SignInCookies(signIn)).Split(';')[0];
        _time.Advance(TimeSpan.FromMinutes(45));

        using var answer = await GetAsync(cluster[0], path, $"{session}; {ticket}");

        Assert.Equal("node-2 jo", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(isDeleted, Assert.Single(SignInCookies(answer)).StartsWith($"{CookieName}=;", StringComparison.Ordinal));
    }

    private async Task<StickyTestCluster> StartAsync()
    {
        var keys = new EphemeralDataProtectionProvider();
        var chain = new TokenSourceChain([StickyTokenSourceOptions.Claim("sub")]);
        return await StickyTestCluster.StartAsync(new StickyTestClusterOptions
        {
            Redis = await redis.ConfigurationAsync(),
            ConfigureBuilder = builder =>
            {
                builder.Services.AddSingleton<IDataProtectionProvider>(keys);
                builder.Services.AddAuthentication(Scheme).AddCookie(
                    Scheme, options => (options.TimeProvider, options.ExpireTimeSpan, options.SlidingExpiration) = (_time, TimeSpan.FromHours(1), true));
            },
            BeforeSticky = app => app.Use(async (context, next) =>
            {
                await chain.ReadAsync(context);
                await next(context);
            }),
            AfterSticky = app =>
            {
                app.UseAuthentication();
                app.MapGet("/sign-in", (HttpContext context) => context.SignInAsync(new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", "jo")], "test"))));
                app.MapGet("/", WhoAsync);
                app.MapGet("/sign-out", async (HttpContext context, IClusterMembership cluster) =>
                {
                    await context.SignOutAsync();
                    await WhoAsync(context, cluster);
                });
            },
        });
    }

    private static Task WhoAsync(HttpContext context, IClusterMembership cluster)
        => context.Response.WriteAsync($"{cluster.Self.Name} {context.User.FindFirstValue("sub")}");

    private static string[] SignInCookies(HttpResponseMessage answer)
        => answer.Headers.TryGetValues("Set-Cookie", out var cookies) ? [.. cookies.Where(cookie => cookie.StartsWith(CookieName, StringComparison.Ordinal))] : [];

    private static async Task<HttpResponseMessage> GetAsync(StickyTestNode node, string path, string cookies)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(node.Http, path));
        request.Headers.Add("Cookie", cookies);
        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
