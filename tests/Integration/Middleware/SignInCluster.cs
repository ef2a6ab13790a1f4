using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using StickySessions.Cluster;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Middleware;

/// <summary>
/// Two nodes of an application that signs users in by a cookie that slides. A request of a sign-in that is due is forwarded: only the owner may renew the
/// cookie, and nobody after it has signed the user out.
/// </summary>
internal static class SignInCluster
{
    private const string Scheme = "sign-in";
    private const string CookieName = $".AspNetCore.{Scheme}";

    /// <param name="redis">The view's Redis.</param>
    /// <param name="path">What the request asks for: to sign out, or not.</param>
    /// <param name="isDeleted">Whether the answer takes the cookie away, and does not renew it.</param>
    /// <param name="before">The pipeline in front of <c>UseStickySessions</c>.</param>
    /// <param name="after">The pipeline behind it.</param>
    public static async Task AssertOnlyTheOwnerSpeaksAsync(
        IRedisServer redis, string path, bool isDeleted, Action<WebApplication> before, Action<WebApplication>? after = null)
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
        await using var cluster = await StartAsync(redis, time, before, after);
        var session = await cluster[1].StartSessionAsync();
        using var signIn = await GetAsync(cluster[1], "/sign-in", session);
        var ticket = Assert.Single(SignInCookies(signIn)).Split(';')[0];
        time.Advance(TimeSpan.FromMinutes(45));

        using var answer = await GetAsync(cluster[0], path, $"{session}; {ticket}");

        Assert.Equal("node-2 jo", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(isDeleted, Assert.Single(SignInCookies(answer)).StartsWith($"{CookieName}=;", StringComparison.Ordinal));
    }

    private static async Task<StickyTestCluster> StartAsync(
        IRedisServer redis, TimeProvider time, Action<WebApplication> before, Action<WebApplication>? after)
    {
        var keys = new EphemeralDataProtectionProvider();
        return await StickyTestCluster.StartAsync(new StickyTestClusterOptions
        {
            Redis = await redis.ConfigurationAsync(),
            ConfigureBuilder = builder =>
            {
                builder.Services.AddSingleton<IDataProtectionProvider>(keys);
                builder.Services.AddAuthentication(Scheme).AddCookie(
                    Scheme, options => (options.TimeProvider, options.ExpireTimeSpan, options.SlidingExpiration) = (time, TimeSpan.FromHours(1), true));
            },
            BeforeSticky = before,
            AfterSticky = app =>
            {
                after?.Invoke(app);
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
