using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace StickySessions.Tests.Integration.Performance;

/// <summary>A test that counts what the whole process allocates must run alone.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

/// <summary>What a request costs that is handled where it entered. Allocations are counted and not times: those no test can rely on.</summary>
[Collection(nameof(Alone))]
public sealed partial class LocalRequestTests
{
    private const int MostRounds = 40;
    private const int RequestsPerRound = 2_000;

    /// <summary>Less than the smallest object on each request.</summary>
    private const double Nothing = 8;

    private static readonly byte[] Body = Encoding.ASCII.GetBytes(KeepAliveClient.Body);

    [Fact]
    public async Task LocalRequest_OnKeepAliveConnection_AllocatesNothingInTheMiddleware()
    {
        await using var without = await StartAsync(sticky: false);
        await using var with = await StartAsync(sticky: true);
        var cookie = await StartSessionAsync(with);

        using var plainClient = new KeepAliveClient(new Uri(without.Urls.First()), cookie);
        using var stickyClient = new KeepAliveClient(new Uri(with.Urls.First()), cookie);

        // The least counts: what else the process does, and code that is not yet optimised, only ever add to it.
        var (plain, sticky) = (double.MaxValue, double.MaxValue);
        for (var round = 0; round < MostRounds && !(sticky - plain < Nothing && round > 2); round++)
        {
            plain = Math.Min(plain, AllocatedPerRequest(plainClient));
            sticky = Math.Min(sticky, AllocatedPerRequest(stickyClient));
        }

        // The session was there all the time: a new one would have been bound by a cookie.
        Assert.DoesNotContain("Set-Cookie", stickyClient.LastAnswer, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("X-Session: yes", stickyClient.LastAnswer, StringComparison.Ordinal);
        Assert.True(sticky - plain < Nothing, $"{sticky:0.0} B per request with UseStickySessions, {plain:0.0} B without");
    }

    private static double AllocatedPerRequest(KeepAliveClient client)
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        client.Repeat(RequestsPerRound);
        return (double)(GC.GetTotalAllocatedBytes(precise: true) - before) / RequestsPerRound;
    }

    private static async Task<WebApplication> StartAsync(bool sticky)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        if (sticky)
        {
            builder.Services.AddStickySessions();
        }

        var app = builder.Build();
        if (sticky)
        {
            app.UseStickySessions();
        }

        app.MapGet("/", static (HttpContext context) =>
        {
            context.Response.Headers["X-Session"] = context.Features.Get<IStickySessionFeature>() is null ? "no" : "yes";
            context.Response.ContentLength = Body.Length;
            return context.Response.Body.WriteAsync(Body).AsTask();
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private static async Task<string> StartSessionAsync(WebApplication app)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        using var response = await client.GetAsync(new Uri(app.Urls.First()), TestContext.Current.CancellationToken);
        return CookiePair().Match(response.Headers.GetValues("Set-Cookie").Single()).Value;
    }

    [GeneratedRegex("^[^;]+")]
    private static partial Regex CookiePair();
}
