using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace StickySessions.Tests.Integration.Startup;

/// <summary>How one application is made; everything that is not said is as an application has it that says nothing.</summary>
internal sealed record TestAppSetup
{
    /// <summary>The command line.</summary>
    public string[] Arguments { get; init; } = ["--urls", "http://127.0.0.1:0"];

    /// <summary>The configuration under <c>StickySessions</c>.</summary>
    public Dictionary<string, string?> Sticky { get; init; } = [];

    /// <summary>Whether the library is there at all.</summary>
    public bool IsSticky { get; init; } = true;

    public Action<WebApplicationBuilder> BeforeAdd { get; init; } = _ => { };

    public Action<WebApplicationBuilder> AfterAdd { get; init; } = _ => { };

    public Action<WebApplication> Map { get; init; } = _ => { };
}

/// <summary>One application on real sockets. <c>/session</c> answers with the session's id, <c>/plain</c> is not sticky.</summary>
internal sealed class TestApp : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _client = new(new SocketsHttpHandler
    {
        UseCookies = false,
        // The tests' own certificate, which no machine trusts.
        SslOptions = new() { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=shop.test" },
    });

    private TestApp(WebApplication app, RecordedLog log)
    {
        _app = app;
        Log = log;
    }

    public RecordedLog Log { get; }

    public WebApplication App => _app;

    public IServiceProvider Services => _app.Services;

    /// <summary>What the application itself listens on.</summary>
    public string[] Addresses
        => [.. Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses];

    public static TestApp Create(TestAppSetup setup)
    {
        var log = new RecordedLog();
        var builder = WebApplication.CreateBuilder(setup.Arguments);
        builder.Configuration.AddInMemoryCollection(
            setup.Sticky.Select(setting => KeyValuePair.Create($"StickySessions:{setting.Key}", setting.Value)));
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(log);
        setup.BeforeAdd(builder);
        var checks = builder.Services.AddHealthChecks();
        if (setup.IsSticky)
        {
            builder.Services.AddStickySessions();
            checks.AddStickySessions();
        }

        setup.AfterAdd(builder);
        var app = builder.Build();
        if (setup.IsSticky)
        {
            app.UseStickySessions();
        }

        app.MapGet("/session", (HttpContext context) => context.Features.Get<IStickySessionFeature>()?.SessionId ?? "none");
        app.MapGet("/end", (HttpContext context) => context.Features.Get<IStickySessionFeature>()?.End());
        app.MapGet("/plain", () => "plain").DisableStickySession();
        app.MapHealthChecks("/ready", new HealthCheckOptions { ResponseWriter = WriteReasonAsync });
        setup.Map(app);
        return new TestApp(app, log);
    }

    public static async Task<TestApp> StartAsync(TestAppSetup setup)
    {
        var app = Create(setup);
        try
        {
            await app.StartAsync();
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts an application that must not start.</summary>
    /// <returns>What it says about that, all in one exception.</returns>
    public static async Task<Exception> FailToStartAsync(TestAppSetup setup)
    {
        var failure = await Record.ExceptionAsync(async () => await (await StartAsync(setup)).DisposeAsync());
        Assert.NotNull(failure);
        return failure;
    }

    public Task StartAsync() => _app.StartAsync(TestContext.Current.CancellationToken);

    public Task StopAsync() => _app.StopAsync(CancellationToken.None);

    /// <summary>Sends a request to one of the listeners.</summary>
    public async Task<Answer> GetAsync(string path, string? cookie = null, int listener = 0)
    {
        var address = new Uri(Addresses[listener].Replace("[::]", "127.0.0.1", StringComparison.Ordinal));
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address, path));
        if (cookie is not null)
        {
            request.Headers.Add("Cookie", cookie);
        }

        using var response = await _client.SendAsync(request, TestContext.Current.CancellationToken);
        return new Answer(
            response.StatusCode,
            await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            response.Content.Headers.ContentType?.MediaType,
            response.Headers.CacheControl?.ToString(),
            response.Headers.TryGetValues("Set-Cookie", out var cookies) ? cookies.Single() : null);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
    }

    private static Task WriteReasonAsync(HttpContext context, Microsoft.Extensions.Diagnostics.HealthChecks.HealthReport report)
        => context.Response.WriteAsync($"{report.Status}: {string.Join(' ', report.Entries.Values.Select(entry => entry.Description))}");
}

/// <summary>What the client saw.</summary>
/// <param name="Status">The status.</param>
/// <param name="Body">For <c>/session</c>, the session's id.</param>
/// <param name="ContentType">The media type.</param>
/// <param name="CacheControl">What caches are told.</param>
/// <param name="SetCookie">The one Set-Cookie, if there is one.</param>
internal sealed record Answer(HttpStatusCode Status, string Body, string? ContentType, string? CacheControl, string? SetCookie)
{
    /// <summary>What the client sends from now on; fails the test when it was given none.</summary>
    public string Cookie => SetCookie?.Split(';')[0] ?? throw new InvalidOperationException("The response set no cookie.");
}
