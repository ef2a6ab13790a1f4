using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Middleware;

/// <summary>An exception handler in front runs the pipeline again at the owner: with the path of the error page.</summary>
public sealed class ForwardedErrorPageTests(GarnetServerFixture redis)
{
    [Theory]
    [InlineData("/boom")]
    [InlineData("/bo%6fm")] // decoded, so that the path is restored beside the raw target
    public async Task ExceptionAtTheOwner_RunsOnce_AndShowsTheErrorPage(string path)
    {
        var runs = 0;
        await using var cluster = await StickyTestCluster.StartAsync(new StickyTestClusterOptions
        {
            Redis = await redis.ConfigurationAsync(),
            BeforeSticky = app => app.UseExceptionHandler("/error"),
            AfterSticky = app =>
            {
                app.Map("/error", branch => branch.Run(context => context.Response.WriteAsync("handled")));
                app.Map("/boom", branch => branch.Run(_ =>
                {
                    Interlocked.Increment(ref runs);
                    throw new InvalidOperationException("boom");
                }));
            },
        });
        var cookie = await cluster[1].StartSessionAsync();
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        using var request = new HttpRequestMessage(
            HttpMethod.Post,
            new Uri(cluster[0].Http.GetLeftPart(UriPartial.Authority) + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        request.Headers.Add("Cookie", cookie);

        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal((1, "handled"), (runs, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
    }
}
