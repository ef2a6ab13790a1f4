using System.Diagnostics.Metrics;
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
    private const int SettledAfter = 10;
    private const int RequestsPerRound = 2_000;

    /// <summary>Less than the smallest object on each request.</summary>
    private const double Nothing = 8;

    private static readonly byte[] Body = Encoding.ASCII.GetBytes(KeepAliveClient.Body);

    /// <summary>Also while its outcome is counted, and while hosting makes an activity for each request because something may be logged.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task LocalRequest_OnKeepAliveConnection_AllocatesNothingInTheMiddleware(bool isCounted, bool isLogged)
    {
        await using var without = await StartAsync(sticky: false, isLogged);
        await using var with = await StartAsync(sticky: true, isLogged);
        using var counter = new OutcomeCounter(isCounted);
        var cookie = await StartSessionAsync(with);

        using var plainClient = new KeepAliveClient(new Uri(without.Urls.First()), cookie);
        using var stickyClient = new KeepAliveClient(new Uri(with.Urls.First()), cookie);

        // The least counts: what else the process does, and code that is not yet optimised, only ever add to it. Both must have reached it: compared with
        // more, anything looks like nothing.
        var (plain, sticky) = (double.MaxValue, double.MaxValue);
        for (var (round, settled) = (0, 0); round < MostRounds && !(settled >= SettledAfter && sticky - plain < Nothing); round++)
        {
            var (plainNow, stickyNow) = (AllocatedPerRequest(plainClient), AllocatedPerRequest(stickyClient));
            settled = plainNow < plain - 1 || stickyNow < sticky - 1 ? 0 : settled + 1;
            (plain, sticky) = (Math.Min(plain, plainNow), Math.Min(sticky, stickyNow));
        }

        // The session was there all the time: a new one would have been bound by a cookie.
        Assert.DoesNotContain("Set-Cookie", stickyClient.LastAnswer, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("X-Session: yes", stickyClient.LastAnswer, StringComparison.Ordinal);
        Assert.Equal(isCounted, counter.Local > RequestsPerRound);
        Assert.True(sticky - plain < Nothing, $"{sticky:0.0} B per request with UseStickySessions, {plain:0.0} B without");
    }

    private static double AllocatedPerRequest(KeepAliveClient client)
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        client.Repeat(RequestsPerRound);
        return (double)(GC.GetTotalAllocatedBytes(precise: true) - before) / RequestsPerRound;
    }

    private static async Task<WebApplication> StartAsync(bool sticky, bool isLogged)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        if (isLogged)
        {
            builder.Logging.AddProvider(new OnlyWhatIsCritical());
        }

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

    /// <summary>Reads the meter, as an exporter does.</summary>
    private sealed class OutcomeCounter : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _local;

        public OutcomeCounter(bool isOn)
        {
            _listener.InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument is { Meter.Name: "StickySessions", Name: "stickysessions.requests" })
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((_, measurement, tags, _) =>
            {
                if (tags[0].Value is "local")
                {
                    Interlocked.Add(ref _local, measurement);
                }
            });
            if (isOn)
            {
                _listener.Start();
            }
        }

        public long Local => Interlocked.Read(ref _local);

        public void Dispose() => _listener.Dispose();
    }

    /// <summary>Logs nothing here, and yet it might.</summary>
    private sealed class OnlyWhatIsCritical : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
            => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Critical;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
        }

        public void Dispose()
        {
        }
    }
}
