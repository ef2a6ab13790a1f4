using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using StickySessions.Tests.Integration.Hosts;
using StickySessions.Tests.Integration.Startup;

namespace StickySessions.Tests.Integration.Outcomes;

/// <summary>What is told to whom as an application is configured, and pipelines that run twice for one request.</summary>
public sealed class OutcomeSettingsTests(GarnetServerFixture redis) : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseCookies = false });

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task NothingSwitchedOn_TellsNeitherClientNorLogs()
    {
        await using var app = await TestApp.StartAsync(new TestAppSetup());

        using var answer = await GetAsync(new Uri(app.Addresses[0]), "/session");
        using var plain = await GetAsync(new Uri(app.Addresses[0]), "/plain");

        Assert.False(answer.Headers.Contains("Sticky-Outcome"));
        Assert.False(plain.Headers.Contains("Sticky-Outcome"));
        Assert.DoesNotContain("StickyOutcome", app.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ChangedConfiguration_TakesEffectWithoutARestart()
    {
        await using var app = await TestApp.StartAsync(new TestAppSetup { Sticky = new() { ["Node:Name"] = "web-1" } });

        Change(app, "true");
        using var told = await GetAsync(new Uri(app.Addresses[0]), "/session");
        Change(app, "false");
        using var silent = await GetAsync(new Uri(app.Addresses[0]), "/session");

        Assert.Equal("new; ingress=web-1; owner=web-1; epoch=1; policy=default", Assert.Single(told.Headers.GetValues("Sticky-Outcome")));
        Assert.False(silent.Headers.Contains("Sticky-Outcome"));
        Assert.Contains("StickyOutcome, new", app.Log.Text, StringComparison.Ordinal);

        static void Change(TestApp app, string value)
        {
            app.App.Configuration["StickySessions:Diagnostics:ResponseHeader"] = value;
            app.App.Configuration["StickySessions:Diagnostics:LogScope"] = value;
            ((IConfigurationRoot)app.App.Configuration).Reload();
        }
    }

    /// <summary>An error page is another way through the pipeline, and no other request.</summary>
    [Theory]
    [InlineData("/missing", "new", false)]
    [InlineData("/missing", "new", true)]
    [InlineData("/missing-plain", "disabled", false)]
    [InlineData("/missing-plain", "disabled", true)]
    [InlineData("/throw", "new", false)]
    [InlineData("/throw", "new", true)]
    [InlineData("/throw-plain", "disabled", false)]
    [InlineData("/throw-plain", "disabled", true)]
    public async Task Request_ThatRunsAgainForAnErrorPage_IsCountedOnce(string path, string outcome, bool isWatched)
    {
        await using var cluster = await StickyTestCluster.StartAsync(new StickyTestClusterOptions
        {
            Redis = await redis.ConfigurationAsync(),
            Nodes = 1,
            ConfigureSticky = sticky => sticky.ConfigureDiagnostics(diagnostics => diagnostics.ResponseHeader = isWatched),
            BeforeSticky = app => app.UseExceptionHandler("/error").UseStatusCodePagesWithReExecute("/error"),
            AfterSticky = app =>
            {
                app.MapGet("/missing", () => Results.StatusCode(404));
                app.MapGet("/missing-plain", () => Results.StatusCode(404)).DisableStickySession();
                app.MapGet("/throw", string () => throw new InvalidTimeZoneException("The application's own."));
                app.MapGet("/throw-plain", string () => throw new InvalidTimeZoneException("The application's own.")).DisableStickySession();
                app.Map("/error", () => "sorry");
            },
        });
        using var counted = new CountedOutcomes(cluster[0].Services);

        using var answer = await GetAsync(cluster[0].Http, path);
        using var last = await GetAsync(cluster[0].Http, "/missing-plain");

        Assert.Equal("sorry", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.NotEqual(HttpStatusCode.OK, answer.StatusCode);
        await counted.UntilAsync(outcome, "disabled");
        if (isWatched)
        {
            Assert.StartsWith($"{outcome}; ", Assert.Single(answer.Headers.GetValues("Sticky-Outcome")), StringComparison.Ordinal);
        }
    }

    private Task<HttpResponseMessage> GetAsync(Uri address, string path)
        => _client.GetAsync(new Uri(address, path), TestContext.Current.CancellationToken);
}
